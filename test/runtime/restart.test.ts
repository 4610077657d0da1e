import { afterAll, expect, test } from 'vitest'
import { isFree } from '../../deploy/demo/ports.ts'
import { type Demo, startDemo } from '../support/demo.ts'
import { ask } from '../support/http.ts'
import { Visitor } from '../support/visitor.ts'

let demo: Demo | null = null
afterAll(() => demo?.stop(), 30_000)

test('after kill -9 of every process the cookie still works', async () => {
  const first = await startDemo()
  demo = first
  const visitor = new Visitor()
  await visitor.signIn(first.gateway, 'google', 'ada@players.example')
  const cookie = visitor.cookie(first.gateway) ?? ''
  const before = await ask(`${first.gateway}/auth/session`, { headers: { cookie } })
  await first.kill()
  expect(await isFree(Number(first.ports['DEMO_GATEWAY_PORT']))).toBe(true)
  demo = await startDemo({ again: first })
  const after = await ask(`${demo.gateway}/auth/session`, { headers: { cookie } })
  expect(after.status).toBe(200)
  expect(((await after.json()) as { sid: string }).sid).toBe(((await before.json()) as { sid: string }).sid)
}, 150_000)
