import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Browser, Seen, Waiting } from './support/browser.ts'
import { type House, openHouse } from './support/house.ts'

let house: House
let ada: Browser
beforeEach(async () => {
  house = await openHouse()
  Object.assign(house.bench.gateway.providers.get('guild') ?? {}, { formPost: true })
  ada = house.browser()
})
afterEach(() => house.close())

/** What the provider has the browser post, as lines of a form. */
async function posted(waiting: Waiting, ...fields: readonly (readonly [string, string])[]): Promise<Seen> {
  const body = new URLSearchParams([['state', waiting.state], ...fields.map(([name, value]) => [name, value])])
  const type = { 'content-type': 'application/x-www-form-urlencoded', 'content-length': `${body}`.length.toString() }
  const headers = { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-site': 'cross-site', ...type }
  const stranger = house.browser()
  return stranger.send('/auth/callback/guild', { method: 'POST', headers, body: body.toString() })
}

/** Follows the answer to a form in the browser that began the attempt. */
async function finished(answer: Seen): Promise<Seen> {
  expect([answer.status, answer.location]).toEqual([303, expect.stringContaining('/auth/callback/guild/finish?')])
  return ada.visit(answer.location ?? '', 'cross-site')
}

describe('iss in the form of a provider (RFC 9207 section 2.4)', () => {
  test('is taken when it is the right one, also where the provider says it sends one', async () => {
    house.ops.guild.metadata = { authorization_response_iss_parameter_supported: true }
    const waiting = await ada.start('guild')
    const form = await posted(waiting, ['code', ada.codeFor(waiting, 'ada')], ['iss', house.ops.guild.url])
    expect((await finished(form)).location).toBe('/play/1')
    expect(await ada.session()).not.toBeNull()
  })

  test('of another provider is refused before the code is spent', async () => {
    const waiting = await ada.start('guild')
    const form = await posted(waiting, ['code', ada.codeFor(waiting, 'ada')], ['iss', house.ops.tavern.url])
    expect((await finished(form)).status).toBe(502)
    expect(house.ops.guild.hits.get('/token')).toBeUndefined()
    expect(await ada.session()).toBeNull()
  })

  test('may not be missing where the provider says it sends one', async () => {
    house.ops.guild.metadata = { authorization_response_iss_parameter_supported: true }
    const waiting = await ada.start('guild')
    expect((await finished(await posted(waiting, ['code', ada.codeFor(waiting, 'ada')]))).status).toBe(502)
  })

  test('counts for errors too: another provider cannot say no for this one', async () => {
    const waiting = await ada.start('guild')
    const form = await posted(waiting, ['error', 'access_denied'], ['iss', house.ops.tavern.url])
    expect((await finished(form)).status).toBe(502)
  })
})

describe('a form that says anything twice (RFC 6749 section 3.1)', () => {
  test.each(['state', 'code', 'error', 'iss'])('%s is refused', async (name) => {
    const waiting = await ada.start('guild')
    const { guild } = house.ops
    const values: Readonly<Record<string, string>> = {
      state: waiting.state,
      code: ada.codeFor(waiting, 'ada'),
      error: 'access_denied',
      iss: guild.url,
    }
    const first = name === 'error' ? [] : [['code', values['code'] ?? ''] as const]
    const extra = [name, values[name] ?? ''] as const
    const twice = name === 'iss' || name === 'error' ? [extra, extra] : [extra]
    const answer = await posted(waiting, ...first, ...twice)
    expect([answer.status, answer.location]).toEqual([400, null])
  })
})
