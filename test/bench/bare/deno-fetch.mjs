import process from 'node:process'

// A lean pass-through proxy of Deno: Deno.serve in, fetch out, headers as a plain object.
const base = `http://127.0.0.1:${process.env.UPSTREAM_PORT}`

Deno.serve({ port: Number(process.env.PORT), hostname: '127.0.0.1', onListen() {} }, (request) => {
  const headers = {}
  for (const [name, value] of request.headers) headers[name] = value
  const { method, body, url } = request
  return fetch(base + url.slice(url.indexOf('/', 8)), { method, headers, body, redirect: 'manual' })
})
