import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { STYLE_SOURCE } from '../../src/pages/style.ts'
import { type Deployment, type RuntimeName, startDeployment } from '../support/deployment.ts'
import { WAVE } from '../support/deployments/branded/frame.ts'
import { guestOf } from '../support/guest.ts'
import { ask } from '../support/http.ts'

const IMPRINT = '<a href="/imprint">Imprint of the Isle</a>'
const GATE = '<p class="note">The gate of the Isle</p>'
const BROWSER = { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }

const escaped = (text: string) => text.replace(/[+/.]/g, '\\$&')
const BELOW = 'http://localhost:\\d+/auth/pages/'
/** The built-in sheet, the operator's by its whole address, and files below one path. */
const STRICT = new RegExp(
  `^default-src 'none'; style-src '${escaped(STYLE_SOURCE)}' ${BELOW}style\\.[0-9a-f]{16}\\.css; img-src ${BELOW}; font-src ${BELOW}; form-action 'self'; frame-ancestors 'none'; base-uri 'none'$`,
)

function branded(runtime: RuntimeName): void {
  let deployment: Deployment
  beforeAll(async () => {
    const environment = { GOOGLE_SECRET: 'google-secret-0123456789' }
    deployment = await startDeployment({ runtime, name: 'branded', environment })
  }, 90_000)
  afterAll(() => deployment?.stop(), 30_000)

  const look = (path: string, headers: Readonly<Record<string, string>> = {}): Promise<Response> =>
    ask(`${deployment.gateway}${path}`, { headers: { ...BROWSER, ...headers } })

  test('where one signs in stands in the document of that page', async () => {
    const answer = await look('/auth/sign-in')
    const html = await answer.text()
    expect(answer.status).toBe(200)
    expect(html).toContain(GATE)
    expect(html).toContain('<title>Sign in · Isle</title>')
    expect(html).toContain('href="/auth/start/google')
    expect(html).toContain('action="/auth/guest"')
  })

  test('what a template would read as a variable is a name like any other', async () => {
    const html = await (await look('/auth/sign-in')).text()
    expect(html).toContain('<bdi>{{body}} $&amp; &lt;b&gt;</bdi>')
    expect(html.match(/<form/g)).toHaveLength(1)
  })

  test('a refusal has its status, its language and the policy of all pages', async () => {
    const answer = await look('/gone', { 'accept-language': 'de' })
    const html = await answer.text()
    expect(answer.status).toBe(403)
    expect(answer.headers.get('content-security-policy')).toMatch(STRICT)
    expect(answer.headers.get('content-language')).toBe('de')
    expect(answer.headers.get('cache-control')).toBe('no-store')
    expect(html).toContain('<html lang="de" dir="ltr">')
    expect(html).toContain(IMPRINT)
    expect(html).not.toContain(GATE)
    expect(html).toMatch(/<h1 +tabindex="-1" autofocus>/)
    expect(html).toContain(`<code>PST`)
  })

  test('the style sheet and the files of the operator are served by us, to be kept, and run nothing', async () => {
    const html = await (await look('/auth/sign-in')).text()
    const sheet = /<link rel="stylesheet" href="([^"]+)"><\/head>/.exec(html)?.[1] ?? ''
    const crest = /<img src="([^"]+)"/.exec(html)?.[1] ?? ''
    const style = await ask(`${deployment.gateway}${sheet}`)
    const text = await style.text()
    expect([style.status, style.headers.get('content-type')]).toEqual([200, 'text/css; charset=utf-8'])
    const wave = /url\((wave\.[0-9a-f]{16}\.svg)\)/.exec(text)?.[1] ?? ''
    for (const [path, type] of [
      [crest, 'image/png'],
      [`/auth/pages/${wave}`, 'image/svg+xml'],
    ] as const) {
      const file = await ask(`${deployment.gateway}${path}`)
      const { headers } = file
      expect([path, file.status, headers.get('content-type')]).toEqual([path, 200, type])
      expect(headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
      expect(headers.get('x-content-type-options')).toBe('nosniff')
      expect(headers.get('content-security-policy')).toContain('sandbox')
      expect((await file.arrayBuffer()).byteLength).toBe(type === 'image/png' ? 70 : WAVE.length)
    }
    for (const path of [sheet, crest, `/auth/pages/${wave}`]) {
      const got = await ask(`${deployment.gateway}${path}`)
      const size = String((await got.arrayBuffer()).byteLength)
      const head = await ask(`${deployment.gateway}${path}`, { method: 'HEAD' })
      const lengths = [got, head].map(({ headers }) => headers.get('content-length'))
      expect([path, head.status, ...lengths]).toEqual([path, 200, size, size])
    }
    for (const path of ['/auth/pages/crest.png', '/auth/pages/..%2fsession', '/auth/pages/', '/auth/pages/style.css'])
      expect([path, (await look(path)).status >= 400]).toEqual([path, true])
  })

  test('the pages of who is signed in stand in it too', async () => {
    const visitor = await guestOf(deployment.gateway)
    for (const [path, status] of [
      ['/throne', 403],
      ['/auth/account', 200],
    ] as const) {
      const answer = await visitor.send(`${deployment.gateway}${path}`, { headers: BROWSER })
      expect([path, answer.status]).toEqual([path, status])
      expect(await answer.text()).toContain(IMPRINT)
    }
  })

  test('a service that is away is told in it, and to programs as ever', async () => {
    const visitor = await guestOf(deployment.gateway)
    const answer = await visitor.send(`${deployment.gateway}/play`, { headers: BROWSER })
    expect(answer.status).toBe(502)
    expect(await answer.text()).toContain(IMPRINT)
    const told = await visitor.send(`${deployment.gateway}/play`, { headers: { accept: 'application/json' } })
    expect(await told.json()).toMatchObject({ status: 502 })
  })
}

describe('pages of the operator on node', () => branded('node'))
describe('pages of the operator on deno', () => branded('deno'))
describe('pages of the operator on workerd', () => branded('workerd'))
