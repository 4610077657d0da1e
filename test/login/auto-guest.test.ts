import { expect, onTestFinished, test } from 'vitest'
import { workbench } from '../support/gateway.ts'
import { openHouse } from './support/house.ts'

test('a rule for everything with guest: auto makes no guest of whoever is on the way to a page of ours', async () => {
  const bench = await workbench({
    'game.yaml': `
upstream: game
users: { defaultRole: player, guestRole: visitor }
permissions: [admin.users]
roles:
  visitor: { level: 0, permissions: [] }
  player: { level: 1, permissions: [] }
  keeper: { level: 4, permissions: [admin.users] }
rules:
  - path: /*
    guest: auto
`,
  })
  onTestFinished(() => bench.close())
  const visit = async (query: string) => {
    const headers = { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-site': 'none' }
    const answer = await bench.request(`/auth/sign-in?${query}`, { headers })
    return [answer.status, answer.headers.getSetCookie().length > 0]
  }
  for (const query of ['to=admin', 'to=account', 'to=device', 'return_to=%2Fauth%2Fadmin%2Fsessions'])
    expect([query, await visit(query)]).toEqual([query, [200, false]])
  expect(await visit('return_to=%2Flobby')).toEqual([303, true])
})

test('a player whose session ended is told so and asked, and not made a guest without a word (SPEC 2)', async () => {
  const house = await openHouse({ session: { idle: '1h' } })
  onTestFinished(() => house.close())
  const ada = house.browser()
  await ada.signIn('guild', 'ada')
  house.wait(3600)
  const challenge = await ada.visit('/lobby')
  const page = await ada.visit(challenge.location ?? '')
  expect([page.status, page.headers.getSetCookie()]).toEqual([200, []])
  expect(page.html).toContain('To keep your account safe, a sign-in ends after a while')
  const asked = await ada.press(page, '/auth/guest')
  expect([asked.status, asked.location]).toEqual([303, '/lobby'])
  expect(await ada.session()).toMatchObject({ user: { guest: true } })
})

test('a guest whose session ended before the account is back by itself', async () => {
  const house = await openHouse({ session: { idle: '1h' } })
  onTestFinished(() => house.close())
  const guest = house.browser()
  await guest.visit('/auth/sign-in?return_to=%2Flobby')
  const before = await guest.session()
  house.wait(3600)
  expect(await guest.session()).toBeNull()
  expect((await guest.visit('/auth/sign-in?return_to=%2Flobby')).location).toBe('/lobby')
  expect((await guest.session())?.user.id).toBe(before?.user.id)
})
