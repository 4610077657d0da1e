import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Observation } from '../../src/ports/observation.ts'
import { type House, openHouse } from './support/house.ts'
import { refusedSignIns } from './support/refused.ts'

const DISCOVERY = '/.well-known/openid-configuration'

let house: House
beforeEach(async () => {
  house = await openHouse()
})
afterEach(() => house.close())

/** What was reported of sign-ins so far. */
function outcomes(): readonly string[] {
  const signIns = house.bench.observed.filter(
    (one): one is Extract<Observation, { kind: 'sign-in' }> => one.kind === 'sign-in',
  )
  return signIns.map(({ provider, outcome }) => `${provider} ${outcome}`)
}

describe('a sign-in that comes to nothing', () => {
  test('is in the record once a minute for each provider and reason, with the count (SPEC 7)', async () => {
    house.ops.guild.on(DISCOVERY, (_, response) => void response.writeHead(503, { 'retry-after': '40' }).end())
    for (let n = 0; n < 3; n++) await house.browser().visit('/auth/start/guild')
    house.wait(61)
    await house.browser().visit('/auth/start/guild')
    const [first, second, third, ...more] = await refusedSignIns(house)
    const detail = { provider: 'guild', outcome: 'unavailable:status-503', count: 1 }
    expect(first).toMatchObject({ actor: 'system', subject: null, detail })
    expect(second).toMatchObject({ detail: { outcome: 'unavailable:breaker-open', count: 1 } })
    expect([third?.detail, more]).toEqual([detail, []])
  })
})

describe('an outage at the start of a sign-in', () => {
  test('is a 503 with Retry-After as the provider said, and the reason is reported with the request', async () => {
    house.ops.guild.on(DISCOVERY, (_, response) => void response.writeHead(503, { 'retry-after': '40' }).end())
    const answer = await house.browser().visit('/auth/start/guild?return_to=%2Fhall')
    expect([answer.status, answer.headers.get('retry-after'), answer.location]).toEqual([503, '40', null])
    expect(answer.html).toContain('/auth/sign-in?return_to=%2Fhall')
    expect(answer.headers.getSetCookie()).toEqual([])
    expect(outcomes()).toEqual(['guild unavailable:status-503'])
  })

  test('then the breaker says how long the provider is left alone, counting down', async () => {
    house.ops.guild.on(DISCOVERY, (_, response) => void response.writeHead(429, { 'retry-after': '40' }).end())
    await house.browser().visit('/auth/start/guild')
    house.wait(15)
    const answer = await house.browser().visit('/auth/start/guild')
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '25'])
    expect(outcomes()).toEqual(['guild unavailable:rate-limited', 'guild unavailable:breaker-open'])
    expect(house.ops.guild.hits.get(DISCOVERY)).toBe(1)
  })

  test('without a word of the provider has no Retry-After, until the fifth in a row opens the breaker', async () => {
    house.ops.guild.on(DISCOVERY, (_, response) => void response.destroy())
    const waits: (string | null)[] = []
    for (let attempt = 0; attempt < 6; attempt++) {
      const answer = await house.browser().visit('/auth/start/guild')
      expect(answer.status).toBe(503)
      waits.push(answer.headers.get('retry-after'))
    }
    expect(waits).toEqual([null, null, null, null, null, '30'])
    expect(outcomes().at(-1)).toBe('guild unavailable:breaker-open')
  })

  test('after a 429 at the token endpoint the next start waits as long as was asked', async () => {
    const ada = house.browser()
    const waiting = await ada.start('guild')
    house.ops.guild.on('/token', (_, response) => void response.writeHead(429, { 'retry-after': '50' }).end())
    expect((await ada.comeBack(waiting, 'ada')).headers.get('retry-after')).toBe('50')
    const answer = await ada.visit('/auth/start/guild')
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '50'])
    expect((await ada.start('tavern')).provider).toBe('tavern')
  })

  test('metadata that breaks the protocol is a 502 and no outage', async () => {
    house.ops.guild.metadata = { code_challenge_methods_supported: ['plain'] }
    const answer = await house.browser().visit('/auth/start/guild')
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([502, null])
    expect(outcomes()).toEqual(['guild invalid:pkce'])
  })

  test('on the way to link leads back to the account page, not to an address that is refused', async () => {
    const ada = house.browser()
    await ada.signIn('tavern', 'ada')
    house.wait(400)
    const other = house.browser()
    const waiting = await other.start('tavern')
    house.ops.tavern.on('/token', (_, response) => void response.writeHead(429, { 'retry-after': '50' }).end())
    await other.comeBack(waiting, 'eve')
    const answer = await ada.post('/auth/link/guild')
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '50'])
    expect(answer.html).toContain('href="/auth/account"')
    expect(answer.html).not.toContain('to=link')
  })
})
