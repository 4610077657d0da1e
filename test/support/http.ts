import { request } from 'undici'

/**
 * One HTTP request that says exactly what it is told: `fetch` of Node adds `Sec-Fetch-Mode: cors` and follows redirects.
 */
export async function ask(url: string, init: RequestInit = {}): Promise<Response> {
  const form = init.body instanceof URLSearchParams
  const headers = new Headers(init.headers)
  if (form && !headers.has('content-type')) headers.set('content-type', 'application/x-www-form-urlencoded')
  const answer = await request(url, {
    method: (init.method ?? 'GET') as 'GET',
    headers: [...headers].flat(),
    body: form ? String(init.body) : ((init.body as string | undefined) ?? null),
  })
  const bytes = await answer.body.arrayBuffer()
  const got = new Headers()
  for (const [name, value] of Object.entries(answer.headers)) {
    for (const one of Array.isArray(value) ? value : [value]) if (one !== undefined) got.append(name, one)
  }
  const empty = [101, 204, 205, 304].includes(answer.statusCode)
  return new Response(empty ? null : bytes, { status: answer.statusCode, headers: got })
}
