import { expect, test } from 'vitest'
import type { Deployment } from '../support/deployment.ts'
import { openSocket } from '../support/socket-client.ts'
import { Visitor } from '../support/visitor.ts'

const PAGE = { accept: 'text/html', 'sec-fetch-mode': 'navigate' }
const PROGRAM = { accept: 'application/json' }

/** A gateway behind which everything is written down: what the providers gave out, what the service saw. */
export interface TokenPlace {
  readonly deployment: Deployment
  /** Codes and tokens of every provider. */
  issued(): readonly string[]
  /** What the service saw: method, target, headers and body of each request. */
  reached(): readonly string[]
  /** What the gateway proves to the providers with that it is their client. */
  readonly clientSecrets: readonly string[]
}

/** What these providers are known to do. */
export interface TokenHabits {
  /** How many codes and tokens each gives out for one sign-in, at least. */
  readonly issues: Readonly<Record<string, number>>
  /** The one that signs people out, too. */
  readonly signsOut: string
  /** Those that are asked for a refresh token, because the configuration says so. */
  readonly offline: readonly string[]
}

/** A browser that keeps everything the gateway told it: status, headers and body. */
class Listener extends Visitor {
  readonly told: string[] = []
  readonly #gateway: string

  constructor(gateway: string) {
    super()
    this.#gateway = gateway
  }

  override async send(url: string, init: RequestInit = {}): Promise<Response> {
    const response = await super.send(url, init)
    if (new URL(url).origin === this.#gateway)
      this.told.push([response.status, ...[...response.headers].flat(), await response.clone().text()].join('\n'))
    return response
  }
}

/** A text, and what base64 in it says: a token inside an assertion or a cookie is no less told. */
function unfolded(text: string): string {
  const parts = text.match(/[A-Za-z0-9_-]{16,}/g) ?? []
  return [text, decodeURIComponent(text.replaceAll(/%(?![0-9a-f]{2})/gi, '%25')), ...parts.map(decoded)].join('\n')
}

function decoded(part: string): string {
  return Buffer.from(part, 'base64url').toString('latin1')
}

/** The secrets in any of these texts; a token of three parts is sought by each of them. */
function foundIn(texts: readonly string[], secrets: readonly string[]): readonly string[] {
  const words = secrets.flatMap((secret) => [secret, ...secret.split('.').slice(1)])
  return texts.map(unfolded).flatMap((text) => words.filter((word) => text.includes(word)))
}

/** No code, token or client secret of a provider goes on to anybody: the same on every runtime. */
export function tokensStay(
  place: () => TokenPlace,
  through: readonly (readonly [string, string])[],
  { issues, signsOut, offline }: TokenHabits,
): void {
  const at = (path: string) => `${place().deployment.gateway}${path}`

  /** Everything a player may ask for, each in the way of its own. */
  async function playedBy(player: Listener): Promise<void> {
    const cookie = player.cookie(at('/')) ?? ''
    const own = { authorization: 'Bearer of-the-game', 'x-api-token': 'of-the-game', cookie: `theme=dark; ${cookie}` }
    for (const path of ['/whoami?q=1', '/open?q=1', '/vault']) {
      await player.send(at(path), { headers: PAGE })
      await player.send(at(path), { headers: { ...PROGRAM, ...own } })
      const body = JSON.stringify({ move: 'e4' })
      await player.send(at(path), { method: 'POST', headers: { ...PROGRAM, origin: at('') }, body })
    }
    for (const path of ['session', 'account', 'account/sessions', 'account/tokens', 'providers', 'sign-in', 'nothing'])
      for (const headers of [PROGRAM, PAGE]) await player.send(at(`/auth/${path}`), { headers })
    const opening = await openSocket(at('/whoami'), { headers: { cookie, origin: at('') } })
    if (opening.kind === 'refused') throw new Error(`the socket was refused: ${opening.status}`)
    player.told.push(String(await opening.socket.next()))
    opening.socket.raw.terminate()
  }

  test.each(through)(
    '%s: no token, code or client secret reaches upstream, browser or log (seeds P7)',
    async (...who) => {
      const { deployment, clientSecrets } = place()
      const [provider, label] = who
      const issued = new Set(place().issued())
      const reached = place().reached().length
      const player = new Listener(deployment.gateway)
      expect((await player.signIn(deployment.gateway, provider, label)).url).toBe(at('/whoami'))
      await playedBy(player)
      const given = place()
        .issued()
        .filter((secret) => !issued.has(secret))
      expect(given.length).toBeGreaterThanOrEqual(issues[provider] ?? Number.NaN)
      expect(clientSecrets.length).toBeGreaterThan(0)
      const secrets = [...clientSecrets, ...given]
      expect(secrets.every((secret) => secret.length >= 20)).toBe(true)
      const seen = place().reached().slice(reached)
      expect(seen.length).toBeGreaterThanOrEqual(8)
      expect(seen.filter((text) => text.includes('of-the-game')).length).toBeGreaterThan(0)
      expect(foundIn(seen, secrets)).toEqual([])
      expect(player.told.length).toBeGreaterThan(20)
      expect(foundIn(player.told, secrets)).toEqual([])
      expect(foundIn([deployment.output()], secrets)).toEqual([])
    },
  )

  test('the ID token goes out once: by the way to the provider that signs the player out there (seeds P7)', async () => {
    const { deployment } = place()
    const [provider, label] = through.find(([id]) => id === signsOut) ?? ['', '']
    const before = new Set(place().issued())
    const player = new Listener(deployment.gateway)
    await player.signIn(deployment.gateway, provider, label)
    const secrets = place()
      .issued()
      .filter((secret) => !before.has(secret))
    const idToken = secrets.find((secret) => secret.split('.').length === 3) ?? 'none'
    const away = await player.submit(deployment.gateway, '/auth/sign-out?provider=1')
    const out = new URL(away.onward ?? '')
    expect(out.origin).not.toBe(new URL(deployment.gateway).origin)
    expect(out.searchParams.get('id_token_hint')).toBe(idToken)
    expect(
      foundIn(
        [...out.searchParams.values()],
        secrets.filter((secret) => secret !== idToken),
      ),
    ).toEqual([])
    expect(foundIn([deployment.output()], secrets)).toEqual([])
  })

  test('a refresh token is asked for where the configuration says so, and nowhere else (seeds P7)', async () => {
    const { deployment } = place()
    const asked = through.map(async ([provider]) => {
      const leaving = await new Visitor().send(at(`/auth/start/${provider}`), { headers: PAGE })
      return [provider, /offline/.test(leaving.headers.get('location') ?? deployment.gateway)]
    })
    const found = (await Promise.all(asked)).filter(([, isOffline]) => isOffline)
    expect(found.map(([provider]) => provider)).toEqual(offline)
  })
}
