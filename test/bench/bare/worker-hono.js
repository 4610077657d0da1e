import { Hono } from 'hono'
import { proxy } from 'hono/proxy'

/** The pass-through Worker of Hono's own documentation. */
const app = new Hono()
app.all('*', (c) => {
  const { url } = c.req.raw
  return proxy(c.env.UPSTREAM + url.slice(url.indexOf('/', 8)), c.req)
})

export default app
