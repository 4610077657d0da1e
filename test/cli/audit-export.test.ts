import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { run } from '../../src/cli/main.ts'

let server: Server | null = null
afterEach(() => server?.close())

/** What the door answers in turn: a page with more behind it, the last page, or that it is busy for so many seconds. */
type Turn = 'page' | 'last' | { readonly busy: string }

/** Runs `audit export` against a door that answers so. */
async function exported(turns: readonly Turn[], ...words: readonly string[]) {
  const asked: unknown[] = []
  const waited: number[] = []
  const [out, err]: [string[], string[]] = [[], []]
  const door = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    const turn = turns[asked.push(JSON.parse(body)['after']) - 1] ?? 'last'
    if (typeof turn === 'object') {
      response.writeHead(429, { 'content-type': 'application/problem+json', 'retry-after': turn.busy })
      return response.end('{"code":"rate_limited","detail":"Too many requests.","request_id":"r"}')
    }
    response.writeHead(200, { 'content-type': 'application/json' })
    const text = `{"sequence":${asked.length}}\n`
    return response.end(JSON.stringify({ text, next: turn === 'page' ? `after-${asked.length}` : null }))
  })
  server = door
  await new Promise<void>((resolve) => door.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(door.address() as AddressInfo).port}`
  const code = await run(['audit', 'export', '--url', url, ...words], {
    cwd: '/',
    env: { POSTERN_OPERATOR_KEY: 'a-key' },
    reader: 'program',
    out: (line) => void out.push(line),
    err: (line) => void err.push(line),
    wait: async (seconds) => void waited.push(seconds),
  })
  return { code, out, err, asked, waited }
}

describe('audit export', () => {
  test('waits as long as a busy door says and goes on where it was', async () => {
    const { code, out, asked, waited, err } = await exported(['page', { busy: '41' }, { busy: '2' }, 'page', 'last'])
    expect([code, waited]).toEqual([0, [41, 2]])
    expect(asked).toEqual([null, 'after-1', 'after-1', 'after-1', 'after-4'])
    expect(out).toEqual(['{"sequence":1}', '{"sequence":4}', '{"sequence":5}'])
    expect(err[0]).toBe('the gateway takes no more calls for 41 s: waiting')
  })

  test('gives up at a door that is busy a fourth time in a row, or for longer than two minutes', async () => {
    const busy = { busy: '60' }
    const often = await exported(['page', busy, busy, busy, busy, 'last'])
    expect([often.code, often.waited]).toEqual([3, [60, 60, 60]])
    expect(often.err.at(-1)).toContain('answered 429')
    const once = await exported([{ busy: '121' }])
    expect([once.code, once.waited]).toEqual([3, []])
    const just = await exported([{ busy: '120' }, 'last'])
    expect([just.code, just.waited]).toEqual([0, [120]])
  })

  test('--json prints one document a line, and is not taken with CSV', async () => {
    const lines = (await exported(['page', 'last'], '--json')).out
    expect(lines.map((line) => JSON.parse(line))).toEqual([{ sequence: 1 }, { sequence: 2 }])
    const both = await exported([], '--json', '--format', 'csv')
    expect([both.code, both.asked]).toEqual([2, []])
    expect(both.err.join()).toContain('--format csv')
  })
})
