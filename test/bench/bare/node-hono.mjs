import process from 'node:process'
import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { Pool } from 'undici'

// A lean pass-through proxy of Hono on Node: raw headers in, undici out, short answers as bytes, which that server sends without a timer.
const pool = new Pool(`http://127.0.0.1:${process.env.UPSTREAM_PORT}`, { connections: 256, pipelining: 1 })
const MOST_AT_ONCE = 64 * 1024

const app = new Hono()
app.all('*', async (c) => {
  const { incoming } = c.env
  const { method, url: path, rawHeaders: headers } = incoming
  const body = method === 'GET' || method === 'HEAD' ? null : incoming
  const answer = await pool.request({ method, path, headers, body })
  const isShort = Number(answer.headers['content-length'] ?? Number.POSITIVE_INFINITY) <= MOST_AT_ONCE
  return new Response(isShort ? await answer.body.bytes() : answer.body, {
    status: answer.statusCode,
    headers: answer.headers,
  })
})

serve({ fetch: app.fetch, port: Number(process.env.PORT), hostname: '127.0.0.1' })
