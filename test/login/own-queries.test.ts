import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Workbench, workbench } from '../support/gateway.ts'

let bench: Workbench
beforeAll(async () => {
  bench = await workbench({
    'a.yaml': `
users: { defaultRole: player }
roles: { player: { level: 0, permissions: [] } }
upstream: game
rules: [{ path: /players }]
`,
  })
})
afterAll(() => bench.close())

const MANY = `?${Array.from({ length: 101 }, () => 'GET=/players').join('&')}`
test.each([
  ['', 'parameter_missing', 'GET', 'ask 1 to 100 pairs'],
  ['?', 'parameter_missing', 'GET', 'ask 1 to 100 pairs'],
  ['?get=/players', 'parameter_malformed', 'get', '"get" is no method'],
  ['?GET=/players&method=/x', 'parameter_malformed', 'method', '"method" is no method'],
  [MANY, 'parameter_malformed', 'GET', '101 pairs; ask at most 100'],
])('can%s: 400 says what is wrong with the query, and nothing of a body', async (query, code, parameter, problem) => {
  const answer = await bench.request(`/auth/can${query}`)
  const told = (await answer.json()) as Readonly<Record<string, string>>
  expect([answer.status, told['code'], told['parameter']]).toEqual([400, code, parameter])
  expect(told['problem']).toContain(problem)
  expect(told['detail']).not.toContain('body')
})

test.each(['can?GET=/players', 'session', 'providers'])('%s is looked at: another method is 405', async (path) => {
  for (const method of ['POST', 'PUT', 'DELETE']) {
    const answer = await bench.request(`/auth/${path}`, { method })
    expect([method, answer.status, answer.headers.get('allow')]).toEqual([method, 405, 'GET, HEAD'])
  }
  expect((await bench.request(`/auth/${path}`, { method: 'HEAD' })).status).toBeLessThan(402)
})
