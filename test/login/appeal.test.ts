import { afterEach, describe, expect, test } from 'vitest'
import { type Seconds, seconds } from '../../src/core/brand.ts'
import type { Standing } from '../../src/core/person.ts'
import type { Browser } from './support/browser.ts'
import { type House, openHouse } from './support/house.ts'

const APPEAL = 'href="/appeal?by=player"'

let house: House
afterEach(() => house.close())

/** A player whose standing was changed while signed in; a ban ends the session too. */
async function held(standing: (now: Seconds) => Standing, appealUrl?: string): Promise<Browser> {
  house = await openHouse({ brand: { name: 'Isle', ...(appealUrl === undefined ? {} : { appealUrl }) } })
  const ada = house.browser()
  await ada.signIn('guild', 'ada')
  const { store, runtime } = house.bench.gateway
  const ref = await store.directory.find(house.ops.guild.url, 'ada')
  const user = ref === null ? null : await store.directory.read(ref.id)
  if (user === null) throw new Error('nobody signed in')
  const now = runtime.now()
  const who = { at: now, actor: 'system', subject: user.id, requestId: 'r', policy: '', detail: {} } as const
  const audit = { ...who, event: 'standing-changed' } as const
  await store.directory.setStanding(user, standing(now), [], now, audit)
  if (standing(now).kind === 'banned') await store.sessions.revokeUser(user, 'banned', now, audit)
  house.bench.gateway.sessions.drop(user.tag)
  return ada
}

const banned = (): Standing => ({ kind: 'banned', reason: 'flood' })
const suspended = (now: Seconds): Standing => ({ kind: 'suspended', reason: 'flood', until: seconds(now + 600) })

describe('brand.appealUrl', () => {
  test('is on the page of a suspended player who plays on', async () => {
    const page = await (await held(suspended, '/appeal?by=player')).visit('/play/1')
    expect(page.status).toBe(403)
    expect(page.html).toContain(APPEAL)
  })

  test('is told to a banned player whose session ended, and at the next sign-in', async () => {
    const ada = await held(banned, '/appeal?by=player')
    const away = await ada.visit('/play/1')
    expect((await ada.visit(away.location ?? '')).html).toContain(APPEAL)
    const again = await house.browser().signIn('guild', 'ada')
    expect(again.status).toBe(403)
    expect(again.html).toContain(APPEAL)
  })

  test('is nowhere when it is not set, and nothing to anybody else', async () => {
    const ada = await held(banned)
    expect((await house.browser().signIn('guild', 'ada')).html).not.toContain('Ask for a review')
    expect((await ada.visit('/auth/sign-in')).html).not.toContain('Ask for a review')
    expect((await house.browser().visit('/auth/sign-in')).html).not.toContain('Ask for a review')
  })
})
