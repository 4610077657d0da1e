import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Demo, startDemo } from '../support/demo.ts'
import { ask } from '../support/http.ts'
import { Visitor } from '../support/visitor.ts'

const PROGRAM = { accept: 'application/json' }
const PAGE = { accept: 'text/html', 'sec-fetch-mode': 'navigate' }
/** Provider, what its page calls the person, and the e-mail address it tells. */
const PEOPLE: readonly (readonly [string, string, string])[] = [
  ['google', 'ada@players.example', 'ada@players.example'],
  ['github', 'max-marek', 'max@players.example'],
  ['discord', 'gruni', 'gruni@players.example'],
  ['apple', 'pip@players.example', 'pip@players.example'],
]

/** Values that must stay where they are; the words say what each one is. */
class Secrets {
  readonly #known = new Map<string, string>()

  keep(what: string, value: string | null | undefined): void {
    if (value !== null && value !== undefined && value.length >= 8) this.#known.set(value, what)
  }

  /** What of them stands in a text. */
  in(text: string): readonly string[] {
    return [...this.#known].filter(([value]) => text.includes(value)).map(([value, what]) => `${what}: ${value}`)
  }

  get size(): number {
    return this.#known.size
  }
}

function keepSteps(secrets: Secrets, visitor: Visitor): void {
  for (const { url, location } of visitor.steps) {
    for (const address of [url, location]) {
      const query = address === null ? null : URL.parse(address, 'http://localhost')?.searchParams
      for (const name of ['code', 'state', 'nonce', 'code_challenge', 'id_token']) secrets.keep(name, query?.get(name))
    }
  }
}

for (const runtime of ['node', 'workers']) {
  describe(`secrets on ${runtime}`, () => {
    const secrets = new Secrets()
    const answers: { readonly of: string; readonly text: string }[] = []
    let demo: Demo

    async function note(of: string, answer: Response): Promise<Response> {
      const body = await answer.clone().text()
      // The way back after sign-in is the client's own address, query included.
      const headers = [...answer.headers].filter(([name]) => name !== 'location' && name !== 'set-cookie')
      answers.push({ of, text: [body, ...headers.flat()].join('\n') })
      return answer
    }

    beforeAll(async () => {
      demo = await startDemo({ environment: { DEMO_RUNTIME: runtime } })
      const url = (path: string) => `${demo.gateway}${path}`
      for (const [, value = ''] of readFileSync(demo.ports['DEMO_SECRETS'] ?? '', 'utf8').matchAll(
        /^[A-Z0-9_]+=["']?([^"'\n]{16,})/gm,
      ))
        secrets.keep('secret of the deployment', value.slice(0, 40))
      for (const [provider, label, email] of PEOPLE) {
        const visitor = new Visitor()
        await visitor.signIn(demo.gateway, provider, label)
        keepSteps(secrets, visitor)
        const cookie = visitor.cookie(demo.gateway) ?? ''
        const [, session] = /__Host-postern[^=]*=([^;]+)/.exec(cookie) ?? []
        secrets.keep('session cookie', session)
        secrets.keep('session secret', session?.split('.')[1])
        secrets.keep('e-mail address', email)
        await note('players', await visitor.send(url('/players'), { headers: PROGRAM }))
        await note('delete', await visitor.send(url('/players/1'), { method: 'DELETE', headers: PROGRAM }))
        await note('no rule', await visitor.send(url('/a/b/c'), { headers: PAGE }))
        await note('tossed', await ask(url('/players'), { headers: { ...PROGRAM, cookie: `${cookie}x` } }))
      }
      await refusals(url)
    }, 120_000)
    afterAll(() => demo?.stop(), 30_000)

    async function refusals(url: (path: string) => string): Promise<void> {
      const canary = (name: string) => {
        const value = `canary-${name}-0123456789abcdef`
        secrets.keep(name, value)
        return value
      }
      const code = canary('code')
      const state = canary('state')
      const headers = [PROGRAM, PAGE]
      for (const kind of headers) {
        const get = async (path: string, more: Record<string, string> = {}) =>
          note(path.split('?', 1)[0] ?? '', await ask(url(path), { headers: { ...kind, ...more } }))
        await get(`/auth/callback/google?code=${code}&state=${state}`)
        await get(`/auth/callback/google?code=${code}&code=${code}&state=${state}`)
        await get(`/auth/callback/google?error=${canary('error')}&error_description=${canary('words')}&state=${state}`)
        await get(`/auth/callback/nobody?code=${code}&state=${state}`)
        await get(`/auth/callback/google/finish?code=${code}&state=${state}`)
        await get(`/players?access_token=${canary('query-token')}`)
        await get('/players', { authorization: `Bearer ${canary('bearer')}` })
        await get('/players', { authorization: `Bearer pst_${canary('token')}` })
        await get('/players', { authorization: `Basic ${canary('basic')}` })
        await get('/players', { authorization: `pst_${canary('two-tokens')}, x` })
        await get('/players', { 'x-api-token': canary('api-token') })
        await get('/players', { cookie: `__Host-postern=${canary('cookie')}; a=${canary('other-cookie')}` })
        await get('/players', { cookie: `a=${canary('large-cookie')}${'x'.repeat(20_000)}` })
        await get(`/players//x?q=${canary('broken-query')}`)
        await get('/auth/session', { 'user-agent': canary('agent'), referer: canary('referer') })
        await get('/players', { host: 'evil.test', 'x-note': canary('header') })
      }
      const form = new URLSearchParams({ code, state, user: canary('apple-user'), id_token: canary('id-token') })
      await note('form post', await ask(url('/auth/callback/apple'), { method: 'POST', body: form, headers: PAGE }))
    }

    test('there is something to look for', () => {
      expect(secrets.size).toBeGreaterThan(40)
      expect(answers.length).toBeGreaterThan(40)
    })

    test('none stands in what the gateway and its runtime print (Traefik CVE-2022-23469, next-auth CVE-2022-31186)', () => {
      const lines = readFileSync(join(demo.state, 'logs', 'gateway.log'), 'utf8').split('\n')
      expect(lines.filter((line) => line.includes('"event":')).length).toBeGreaterThan(20)
      expect(lines.flatMap((line) => secrets.in(line).map((secret) => `${secret} in ${line}`))).toEqual([])
    })

    test('none is told back in an answer (better-auth GHSA-9x4v-xfq5-m8x5)', () => {
      const told = answers.flatMap(({ of, text }) => secrets.in(text).map((secret) => `${of}: ${secret}`))
      expect(told).toEqual([])
    })

    test('no answer of ours names the upstream or a file', () => {
      const { port } = new URL(demo.upstream)
      const naming = answers.filter(
        ({ text }) => text.includes(`:${port}`) || /\/src\/|node_modules|\.ts:\d/.test(text),
      )
      expect(naming).toEqual([])
    })
  })
}
