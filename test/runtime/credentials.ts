import { beforeAll, describe, expect, test } from 'vitest'
import type { Tag } from '../../src/core/brand.ts'
import { sha256, utf8 } from '../../src/core/bytes.ts'
import { apiTokenMac, freshApiToken } from '../../src/session/api-token.ts'
import { guestOf } from '../support/guest.ts'
import { ask } from '../support/http.ts'
import { headOf } from '../support/raw.ts'
import type { SocketPlace } from './sockets.ts'

/** The static token of the deployment: what a good credential is here. */
const GOOD = 'robot-token-value-1234567890'
/** The root secret of the deployment: with it a test makes a token that only the gateway itself could have made. */
export const ROOT_SECRET = 'a-root-secret-of-the-wire-deployment-0123456789'
/** Of the shape of an API token, made by nobody. */
const SHAPED = `pst_abcdefghij_${'A'.repeat(43)}`
const UPGRADE = [
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
]

/** Credentials as they stand on the wire, line by line: the same answers on every runtime (seeds T1). */
export function credentialsTranscript(place: () => SocketPlace): void {
  let cookie = ''
  const reached: string[] = []
  beforeAll(async () => {
    const { gateway } = place().deployment
    cookie = (await guestOf(gateway)).cookie(gateway) ?? ''
    place().wire.answer = (request, response) => {
      reached.push(request.url ?? '')
      response.end('reached')
    }
  })

  /** Status of a request with these very lines. */
  async function status(path: string, ...lines: readonly string[]): Promise<number> {
    const { port } = place().deployment
    const answer = await headOf(port, [`GET ${path} HTTP/1.1`, `Host: localhost:${port}`, ...lines])
    return Number(answer.split(' ', 2)[1])
  }

  const DOUBLE: readonly (readonly [string, readonly string[]])[] = [
    ['Bearer good twice', [`Authorization: Bearer ${GOOD}`, `Authorization: Bearer ${GOOD}`]],
    ['names in any case', [`authorization: Bearer ${GOOD}`, `AUTHORIZATION: Token ${GOOD}`]],
    ['good in two bare lines', [`Authorization: ${GOOD}`, `Authorization: ${GOOD}`]],
    ['good, good in one line', [`Authorization: ${GOOD}, ${GOOD}`]],
    ['good before a foreign one', [`Authorization: Bearer ${GOOD}`, 'Authorization: Bearer foreign.jwt.value']],
    ['good behind a foreign one', ['Authorization: Bearer foreign.jwt.value', `Authorization: Bearer ${GOOD}`]],
    ['good behind Basic', ['Authorization: Basic eHl6', `Authorization: Bearer ${GOOD}`]],
    ['two of the shape of ours', [`Authorization: Bearer ${SHAPED}`, `Authorization: Bearer ${SHAPED}`]],
    ['X-Api-Token twice', [`X-Api-Token: ${GOOD}`, `X-Api-Token: ${GOOD}`]],
    ['X-Api-Token twice, of the shape of ours', [`X-Api-Token: ${SHAPED}`, `X-Api-Token: ${SHAPED}`]],
  ]

  test.each(DOUBLE)('%s: 400, at a route of the game, an own endpoint and an upgrade', async (_, lines) => {
    reached.length = 0
    const upgrades = place().wire.upgrades.length
    const alone = [
      await status('/wire/twice', ...lines),
      await status('/auth/can?GET=/wire/x', ...lines),
      await status('/auth/admin/api/users.list', ...lines),
      await status('/socket/twice', ...UPGRADE, ...lines),
    ]
    expect(alone).toEqual([400, 400, 400, 400])
    // A session beside them is no second try.
    expect(await status('/wire/twice', `Cookie: ${cookie}`, ...lines)).toBe(400)
    expect(reached).toEqual([])
    expect(place().wire.upgrades.length).toBe(upgrades)
  })

  test('one line of each is judged as before: Authorization decides', async () => {
    expect(await status('/wire/once', `Authorization: Bearer ${GOOD}`, 'X-Api-Token: other')).toBe(200)
    expect(await status('/wire/once', `X-Api-Token: ${GOOD}`)).toBe(200)
  })

  test('an API token in the address is 400 wherever it leads, reaches no service and is in no log', async () => {
    const mac = await apiTokenMac(await sha256(utf8(ROOT_SECRET)))
    const random = (count: number) => crypto.getRandomValues(new Uint8Array(count))
    const { text } = await freshApiToken(mac, 'abcdefghij' as Tag, random)
    reached.length = 0
    const upgrades = place().wire.upgrades.length
    const statuses = [
      await status(`/open/x?token=${text}`),
      await status(`/open/${text}`),
      await status(`/wire/x?token=${text}`, `Cookie: ${cookie}`),
      await status(`/wire/x?a=%20b&token=${text}`, `Authorization: Bearer ${GOOD}`),
      await status(`/socket/x?token=${text}`, ...UPGRADE, `Authorization: Bearer ${GOOD}`),
      await status(`/auth/sign-in?return_to=%2Fwire%3Ftoken%3D${text}`),
      await status(`/auth/can?GET=/wire/x&token=${text}`, `Authorization: Bearer ${GOOD}`),
    ]
    expect(statuses).toEqual([400, 400, 400, 400, 400, 400, 400])
    expect([reached, place().wire.upgrades.length]).toEqual([[], upgrades])
    expect(await status(`/open/x?token=${SHAPED}`)).toBe(200)
    expect(reached).toEqual([`/open/x?token=${SHAPED}`])
    const written = () => place().deployment.output()
    await expect.poll(written).toContain('"token-in-url"')
    await expect.poll(written).toContain('"/open/pst_[redacted]"')
    expect(written()).not.toContain(text.slice(15))
  })

  test('a static token in the address is 400 wherever it leads, reaches no service and is in no log', async () => {
    reached.length = 0
    const upgrades = place().wire.upgrades.length
    const statuses = [
      await status(`/open/x?token=${GOOD}`),
      await status(`/open/${GOOD}`),
      await status(`/wire/x?token=${GOOD}`, `Cookie: ${cookie}`),
      await status(`/wire/x?a=%20b&authorization=Bearer%20${GOOD}`, `Authorization: Bearer ${GOOD}`),
      await status(`/socket/x?token=${GOOD}`, ...UPGRADE, `Authorization: Bearer ${GOOD}`),
      await status(`/auth/sign-in?return_to=%2Fwire%3Ftoken%3D${GOOD}`),
      await status(`/auth/can?GET=/wire/x&token=${GOOD}`, `Authorization: Bearer ${GOOD}`),
    ]
    expect(statuses).toEqual([400, 400, 400, 400, 400, 400, 400])
    expect([reached, place().wire.upgrades.length]).toEqual([[], upgrades])
    expect(await status(`/open/x?token=${GOOD}1`)).toBe(200)
    expect(reached).toEqual([`/open/x?token=${GOOD}1`])
    const written = () => place().deployment.output()
    await expect.poll(written).toContain('"/open/[redacted]"')
    expect(written()).not.toContain(`/${GOOD}`)
  })

  describe('a session as a bearer', () => {
    const bare = () => /__Host-postern[^=;]*=([^;]+)/.exec(cookie)?.[1] ?? ''
    const bearer = () => `Authorization: Bearer pss_${bare()}`

    test('is let in where its cookie is, and the service sees nothing of it', async () => {
      const seen: string[] = []
      const wire = place().wire
      const answer = wire.answer
      wire.answer = (request, response) => {
        seen.push(JSON.stringify(request.rawHeaders))
        response.end('reached')
      }
      try {
        expect(await status('/wire/bearer', bearer())).toBe(200)
        expect(await status('/wire/bearer', `authorization: bearer  pss_${bare()}  `)).toBe(200)
        expect(await status('/wire/bearer', bearer(), `Cookie: ${cookie}`, `X-Api-Token: pss_${bare()}`)).toBe(200)
        expect(await status('/open/bearer', bearer())).toBe(200)
        expect(await status('/open/bearer', 'Authorization: Basic eHl6', `X-Api-Token: "pss_${bare()}"`)).toBe(200)
      } finally {
        wire.answer = answer
      }
      expect(seen).toHaveLength(5)
      expect(seen.join()).not.toContain(bare())
      const own = [await status('/auth/session', bearer()), await status('/auth/can?GET=/wire/x', bearer())]
      expect(own).toEqual([200, 200])
    })

    test('in any other form is nobody, and no service hears of it', async () => {
      reached.length = 0
      const lines = [
        `Authorization: Bearer ${bare()}`,
        `Authorization: Bearer pss_${bare()}x`,
        `Authorization: Token pss_${bare()}`,
        `Authorization: pss_${bare()}`,
        `X-Api-Token: pss_${bare()}`,
        `Cookie: ${cookie.replace(bare(), `pss_${bare()}`)}`,
      ]
      for (const line of lines) expect([line.length, await status('/wire/bearer', line)]).toEqual([line.length, 401])
      for (const line of lines.slice(1, 5))
        expect([line.length, await status('/wire/bearer', line, `Cookie: ${cookie}`)]).toEqual([line.length, 401])
      expect(reached).toEqual([])
    })

    test('twice is 400, and in an address too, whoever asks; in no log', async () => {
      reached.length = 0
      const statuses = [
        await status('/wire/bearer', bearer(), bearer()),
        await status('/auth/session', bearer(), bearer()),
        await status('/wire/bearer', bearer(), 'Authorization: Basic eHl6'),
        await status(`/open/x?token=pss_${bare()}`),
        await status(`/open/pss_${bare()}`, bearer()),
        await status(`/auth/session?access_token=pss_${bare()}`, bearer()),
        await status(`/socket/x?access_token=pss_${bare()}`, ...UPGRADE),
      ]
      expect([statuses, reached]).toEqual([[400, 400, 400, 400, 400, 400, 400], []])
      const written = () => place().deployment.output()
      await expect.poll(written).toContain('"/open/pss_[redacted]"')
      expect(written()).not.toContain(bare().slice(11))
    })

    test('that is wrong is told as an invalid token, as a problem, also to a page visit', async () => {
      const { gateway } = place().deployment
      const headers = { authorization: `Bearer pss_${bare()}x`, accept: 'text/html', 'sec-fetch-mode': 'navigate' }
      for (const path of ['/wire/bearer', '/auth/session', '/auth/account']) {
        const answer = await ask(`${gateway}${path}`, { headers })
        expect([path, answer.status, answer.headers.get('content-type')]).toEqual([
          path,
          401,
          'application/problem+json',
        ])
        expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer realm="[^"]+", error="invalid_token"$/)
        expect(answer.headers.getSetCookie()).toEqual([])
      }
    })
  })

  test('a service that lets every origin read with credentials lets none read what the cookie of a session gave it', async () => {
    const { wire, deployment } = place()
    const answer = wire.answer
    wire.answer = (request, response) => {
      response.setHeader('access-control-allow-origin', request.headers.origin ?? '*')
      response.setHeader('Access-Control-Allow-Credentials', 'true')
      response.end('reached')
    }
    const told = async (path: string, origin: string, credential: Readonly<Record<string, string>> = { cookie }) => {
      const { headers, status: code } = await ask(`${deployment.gateway}${path}`, {
        headers: { origin, ...credential },
      })
      expect([code, headers.get('access-control-allow-origin')]).toEqual([200, origin])
      return headers.get('access-control-allow-credentials')
    }
    try {
      for (const origin of ['https://evil.example', 'http://other.localhost:18787', 'null'])
        expect([origin, await told('/wire/x', origin)]).toEqual([origin, null])
      expect(await told('/granted/x', 'https://evil.example')).toBe(null)
      // A named origin, our own, who shows a bearer of its own, and where no session is looked for.
      const bearer = { authorization: `Bearer pss_${/__Host-postern[^=;]*=([^;]+)/.exec(cookie)?.[1]}` }
      expect([
        await told('/granted/x', 'https://tools.example.com'),
        await told('/wire/x', deployment.gateway),
        await told('/wire/x', 'https://evil.example', bearer),
        await told('/open/x', 'https://evil.example'),
      ]).toEqual(['true', 'true', 'true', 'true'])
    } finally {
      wire.answer = answer
    }
  })

  test('two foreign credentials are not ours to judge: they authenticate nobody', async () => {
    const foreign = ['Authorization: Basic eHl6', 'Authorization: Bearer foreign.jwt.value']
    expect(await status('/wire/foreign', ...foreign)).toBe(401)
    expect(await status('/wire/foreign', `Cookie: ${cookie}`, ...foreign)).toBe(200)
  })
}
