import type { ServerResponse } from 'node:http'
import { expect, test } from 'vitest'
import { type Deployment, deployment, SOUND } from './support/deployment.ts'
import { deadAddress, service } from './support/machines.ts'

const CALLBACK = 'https://play.example.com/auth/callback/it'
const UNTOLD = `whether ${CALLBACK} is registered cannot be told from outside: compare it in the console`
const UNREGISTERED = `the callback is not registered: enter ${CALLBACK}, exactly, in the console of the provider`

function deploymentAt(url: string): Deployment {
  const options = `issuer: '${url}', authorization: '${url}/a', token: '${url}/t', jwks: '${url}/j'`
  return deployment({
    ...SOUND,
    'hono.config.ts': `export default {
      origin: 'https://play.example.com', upstreams: { game: { url: 'https://game.internal.example' } },
      providers: { it: { kind: 'google', clientId: 'c', clientSecret: { secret: 'S' }, dangerouslyAllowHttp: true, options: { ${options}, pkce: 'sent' } } },
    }`,
  })
}

/** What doctor says of the callback at a provider that answers so to a `redirect_uri`. */
async function told(answer: (callback: string, response: ServerResponse) => void): Promise<readonly [string, string]> {
  const url = await service((request, response) => {
    const asked = new URL(request.url ?? '/', 'http://op').searchParams
    answer(asked.get('redirect_uri') ?? '', response)
  })
  const { port } = new URL(await deadAddress())
  const ran = await deploymentAt(url).postern('doctor --json', { S: 'a-secret-of-the-test', PORT: port })
  const { notes } = JSON.parse(ran.out) as { notes: readonly { area: string; state: string; message: string }[] }
  const about = notes.filter(({ area, message }) => area === 'provider it' && !message.startsWith('its console'))
  expect(about).toHaveLength(1)
  return [about[0]?.state ?? '', about[0]?.message ?? '']
}

function redirect(response: ServerResponse, location: string): void {
  response.writeHead(302, { location }).end()
}

test('doctor() does not call a callback registered where everybody is sent to the login page first', async () => {
  expect(await told((_callback, response) => redirect(response, '/login?return_to=%2Fa'))).toEqual(['warning', UNTOLD])
})

test('doctor() does not call a callback registered where everybody sees the same page', async () => {
  const page = '<html><input name="redirect_uri"></html>'
  expect(await told((_callback, response) => response.end(page))).toEqual(['warning', UNTOLD])
})

test('doctor() calls a callback registered where a stranger is refused and it is not', async () => {
  const strict = (callback: string, response: ServerResponse) => {
    if (callback === CALLBACK) return redirect(response, '/login')
    response.writeHead(400).end('redirect_uri did not match')
  }
  expect(await told(strict)).toEqual(['ok', `${CALLBACK} is registered`])
})

test('doctor() calls a callback registered where the provider answers to it', async () => {
  const answers = (callback: string, response: ServerResponse) => redirect(response, `${callback}?error=login_required`)
  expect(await told(answers)).toEqual(['ok', `${CALLBACK} is registered`])
})

test('doctor() does not take a redirect to another place of the site for an answer to the callback', async () => {
  const elsewhere = (_callback: string, response: ServerResponse) =>
    redirect(response, 'https://play.example.com/auth/callback')
  expect(await told(elsewhere)).toEqual(['warning', UNTOLD])
})

test('doctor() reads the complaint that Google codes into authError', async () => {
  const record = Buffer.from(
    '\n\u0015redirect_uri_mismatch\u0012\u00b0\u0001You can\u2019t sign in to this app',
    'latin1',
  )
  const coded = record.toString('base64url')
  expect(coded).not.toContain('mismatch')
  const google = (_callback: string, response: ServerResponse) =>
    redirect(response, `/signin/oauth/error?authError=${coded}&client_id=c`)
  expect(await told(google)).toEqual(['error', UNREGISTERED])
})

test('doctor() survives an authError that is no base64', async () => {
  const broken = (_callback: string, response: ServerResponse) => redirect(response, '/error?authError=%25%25')
  expect(await told(broken)).toEqual(['warning', UNTOLD])
})

test('doctor() finds a complaint in a page of status 200', async () => {
  const microsoft = (_callback: string, response: ServerResponse) =>
    response.end('<p>AADSTS50011: The redirect URI</p>')
  const slack = (_callback: string, response: ServerResponse) => response.end('<code>bad_redirect_uri</code>')
  expect(await told(microsoft)).toEqual(['error', UNREGISTERED])
  expect(await told(slack)).toEqual(['error', UNREGISTERED])
})

test('doctor() finds a complaint in the address of an error page', async () => {
  const twitch = (_callback: string, response: ServerResponse) => redirect(response, '/oops?error=redirect_mismatch')
  expect(await told(twitch)).toEqual(['error', UNREGISTERED])
})

test('doctor() says nothing of a callback when the provider complains of something else', async () => {
  const unknown = (_callback: string, response: ServerResponse) => response.writeHead(401).end('invalid_client')
  expect(await told(unknown)).toEqual(['warning', UNTOLD])
})
