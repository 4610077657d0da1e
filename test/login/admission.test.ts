import { afterEach, describe, expect, test } from 'vitest'
import type { ProviderInput } from '../../src/config/define.ts'
import { json } from '../adapters/oauth/support/hostile-op.ts'
import type { Seen } from './support/browser.ts'
import { type House, openHouse } from './support/house.ts'

let house: House
afterEach(() => house.close())

const CLOSED = 'is open to certain accounts only, and this one is not among them.'
const TEAM = 'https://slack.com/team_id'
const [OURS, THEIRS] = ['11111111-2222-3333-4444-555555555555', '99999999-2222-3333-4444-555555555555']

type Claims = Readonly<Record<string, unknown>>

/** A house whose first provider has a list; `tavern` takes everybody. */
async function openListed(list: Partial<ProviderInput>): Promise<House> {
  house = await openHouse({ guests: 'on' }, list)
  return house
}

const MEMBERS = { admit: { emailDomain: ['guild.example'] } }
const UNVERIFIED = { email_verified: false }

async function userCount(): Promise<number> {
  return (await house.bench.store.directory.search('', { after: null, limit: 10 })).items.length
}

/** What operators read of the sign-ins so far. */
function outcomes(): readonly string[] {
  return house.bench.observed.flatMap((one) => (one.kind === 'sign-in' ? [one.outcome] : []))
}

function expectRefusal(answer: Seen): void {
  expect([answer.status, answer.location]).toEqual([403, null])
  expect(answer.html).toContain('You cannot join with this account')
  expect(answer.html).toContain(CLOSED)
}

describe.each<readonly [list: string, provider: Partial<ProviderInput>, on: Claims, off: Claims]>([
  ['emailDomain', MEMBERS, { email: 'ada@guild.example' }, { email: 'ada@tavern.example' }],
  ['emailDomain', MEMBERS, { email_verified: true }, UNVERIFIED],
  ['hostedDomain', { kind: 'google', admit: { hostedDomain: ['guild.example'] } }, { hd: 'guild.example' }, {}],
  ['workspace', { kind: 'slack', admit: { workspace: ['T0123'] } }, { [TEAM]: 'T0123' }, { [TEAM]: 'T0456' }],
  ['tenant', { kind: 'microsoft', admit: { tenant: [OURS] } }, { tid: OURS }, { tid: THEIRS }],
])('the list %s of %o', (list, provider, on, off) => {
  test('lets in who is on it', async () => {
    await openListed(provider)
    const ada = house.browser()
    expect((await ada.signIn('guild', 'ada', undefined, on)).location).toBe('/play/1')
    expect(await ada.session()).toMatchObject({ user: { guest: false }, provider: 'guild' })
  })

  test('shows who is not on it a page with the way to other accounts, and keeps nothing of them', async () => {
    await openListed(provider)
    const eve = house.browser()
    const answer = await eve.signIn('guild', 'eve', undefined, off)
    expectRefusal(answer)
    expect(answer.html).toContain('/auth/sign-in?return_to=%2Fplay%2F1')
    expect(answer.html).not.toContain(list)
    expect([await eve.session(), await userCount()]).toEqual([null, 0])
    expect(outcomes()).toEqual([`not-admitted:${list}`])
  })
})

describe('a guild list', () => {
  async function openGuild(servers: readonly string[]): Promise<void> {
    const { url } = (await openListed({})).ops.guild
    await house.close()
    const options = {
      authorization: `${url}/authorize`,
      token: `${url}/token`,
      userinfo: `${url}/userinfo`,
      guilds: `${url}/elsewhere`,
    }
    await openListed({ kind: 'discord', options, admit: { guild: ['197038439483310086'] } })
    house.ops.guild.on('/userinfo', (_request, response) => json(response, { id: '7', username: 'ada' }))
    house.ops.guild.on('/elsewhere', (_request, response) =>
      json(
        response,
        servers.map((id) => ({ id })),
      ),
    )
    house.ops.guild.on('/token', (_request, response) => json(response, { access_token: 'at', token_type: 'Bearer' }))
  }

  test('lets in a member', async () => {
    await openGuild(['1', '197038439483310086'])
    expect((await house.browser().signIn('guild', 'ada')).location).toBe('/play/1')
  })

  test('shows anybody else the page', async () => {
    await openGuild(['1'])
    expectRefusal(await house.browser().signIn('guild', 'ada'))
    expect([outcomes(), await userCount()]).toEqual([['not-admitted:guild'], 0])
  })
})

describe('an identity that is not on the list', () => {
  test('is not linked: the page leads back to the account, and the account stays as it was', async () => {
    await openListed(MEMBERS)
    const ada = house.browser()
    await ada.signIn('tavern', 'ada')
    const before = await ada.session()
    const waiting = ada.waitingAt('guild', await ada.post('/auth/link/guild'))
    const answer = await ada.comeBack(waiting, 'ada', UNVERIFIED)
    expectRefusal(answer)
    expect(answer.html).toContain('href="/auth/account"')
    expect(answer.html).not.toContain('/auth/sign-in')
    expect(await ada.session()).toEqual(before)
    expect((await ada.identities()).map(({ provider }) => provider)).toEqual(['tavern'])
  })

  test('is linked as soon as the list has it', async () => {
    await openListed(MEMBERS)
    const ada = house.browser()
    await ada.signIn('tavern', 'ada')
    const waiting = ada.waitingAt('guild', await ada.post('/auth/link/guild'))
    expect((await ada.comeBack(waiting, 'ada')).location).toBe('/auth/account?saved=1')
  })

  test('promotes no guest: they stay the guest they were, and may try another account', async () => {
    await openListed(MEMBERS)
    const guest = house.browser()
    await guest.post('/auth/guest', { return_to: '/play/1' })
    const before = await guest.session()
    const answer = await guest.signIn('guild', 'ada', undefined, UNVERIFIED)
    expectRefusal(answer)
    expect(await guest.session()).toEqual(before)
    expect([before?.user.guest, await userCount()]).toEqual([true, 1])
    expect((await guest.signIn('tavern', 'ada')).location).toBe('/play/1')
    expect(await guest.session()).toMatchObject({ user: { id: before?.user.id, guest: false }, provider: 'tavern' })
  })
})

describe('a known user who is on the list no longer', () => {
  test('is refused at the next sign-in; a session that is open lives on', async () => {
    await openListed(MEMBERS)
    const [ada, elsewhere] = [house.browser(), house.browser()]
    await ada.signIn('guild', 'ada')
    const before = await ada.session()
    expectRefusal(await elsewhere.signIn('guild', 'ada', undefined, { email: 'ada@tavern.example' }))
    expect([await elsewhere.session(), await userCount()]).toEqual([null, 1])
    expect(await ada.session()).toEqual(before)
  })

  test('is the same user once they are on it again', async () => {
    await openListed(MEMBERS)
    const ada = house.browser()
    await ada.signIn('guild', 'ada')
    const id = (await ada.session())?.user.id
    await house.browser().signIn('guild', 'ada', undefined, UNVERIFIED)
    const again = house.browser()
    await again.signIn('guild', 'ada')
    expect(await again.session()).toMatchObject({ user: { id } })
  })

  test('still signs in by a linked identity of a provider without a list', async () => {
    await openListed(MEMBERS)
    const ada = house.browser()
    await ada.signIn('guild', 'ada')
    await ada.comeBack(ada.waitingAt('tavern', await ada.post('/auth/link/tavern')), 'ada-of-tavern')
    const id = (await ada.session())?.user.id
    const elsewhere = house.browser()
    expectRefusal(await elsewhere.signIn('guild', 'ada', undefined, UNVERIFIED))
    await elsewhere.signIn('tavern', 'ada-of-tavern')
    expect(await elsewhere.session()).toMatchObject({ user: { id } })
  })

  test('proves nothing for a rule that asks again: the step stays shut', async () => {
    await openListed(MEMBERS)
    const ada = house.browser()
    await ada.signIn('guild', 'ada')
    house.wait(301)
    const again = ada.waitingAt('guild', await ada.post('/auth/link/tavern'))
    expectRefusal(await ada.comeBack(again, 'ada', UNVERIFIED))
    ada.waitingAt('guild', await ada.post('/auth/link/tavern'))
  })
})
