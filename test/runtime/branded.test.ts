import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CONTENT_SECURITY_POLICY } from '../../src/pages/render.ts'
import { type Deployment, type RuntimeName, startDeployment } from '../support/deployment.ts'
import { guestOf } from '../support/guest.ts'
import { ask } from '../support/http.ts'

const IMPRINT = '<a href="/imprint">Imprint of the Isle</a>'
const GATE = '<p class="note">The gate of the Isle</p>'
const BROWSER = { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }

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
    expect(answer.headers.get('content-security-policy')).toBe(CONTENT_SECURITY_POLICY)
    expect(answer.headers.get('content-language')).toBe('de')
    expect(answer.headers.get('cache-control')).toBe('no-store')
    expect(html).toContain('<html lang="de" dir="ltr">')
    expect(html).toContain(IMPRINT)
    expect(html).not.toContain(GATE)
    expect(html).toMatch(/<h1 +tabindex="-1" autofocus>/)
    expect(html).toContain(`<code>PST`)
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
