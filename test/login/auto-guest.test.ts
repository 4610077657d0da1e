import { expect, onTestFinished, test } from 'vitest'
import { workbench } from '../support/gateway.ts'

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
