import { readFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import type { RoleName } from '../../src/core/brand.ts'
import { type Workbench, workbench } from '../support/gateway.ts'
import { noteOf, POLICIES } from './scene.ts'

function schema(name: string): z.ZodType {
  const file = JSON.parse(readFileSync(`docs/schemas/${name}.schema.json`, 'utf8'))
  return z.fromJSONSchema(file)
}

const SESSION = schema('session')
const CAN = schema('can')
const PROVIDERS = schema('providers')
const PROBLEM = schema('problem')

let bench: Workbench
beforeEach(async () => {
  bench = await workbench(POLICIES, {
    attributes: { level: { type: 'number', public: true }, secret: { type: 'string' } },
    providers: { google: { clientId: 'a-client-id', options: { issuer: 'https://id.example.com' } } },
  })
})
afterEach(() => bench.close())

async function bodyOf(path: string, headers: Readonly<Record<string, string>> = {}): Promise<unknown> {
  return (await bench.request(path, { headers })).json()
}

/** What a schema has against a value, in words. */
function faults(checked: z.ZodType, value: unknown): readonly string[] {
  const result = checked.safeParse(value)
  return result.success ? [] : result.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)
}

describe('published schemas (seeds I6) describe what is really answered', () => {
  test('session: of a player', async () => {
    const { cookie } = await bench.signedIn(['player'])
    expect(faults(SESSION, await bodyOf('/auth/session', { cookie }))).toEqual([])
  })

  test('session: with character, attributes, changed roles and no role the policy knows', async () => {
    const { cookie, user } = await bench.signedIn(['player'])
    const [session] = await bench.store.sessions.list(user, user.createdAt)
    if (session === undefined) throw new Error('no session')
    const hero = { id: '7', name: 'Hero', world: 'north' }
    await bench.store.sessions.select(session.key, hero, noteOf(bench, 'character-selected'))
    await bench.store.directory.setAttributes(user, { level: 9, secret: 'hidden' }, noteOf(bench, 'attributes-changed'))
    await bench.store.directory.setRoles(user, ['stranger' as RoleName], null, [], noteOf(bench))
    const told = await bodyOf('/auth/session', { cookie })
    expect(faults(SESSION, told)).toEqual([])
    expect(told).toMatchObject({ attributes: { level: 9 }, character: hero, primary_role: null, state: 'refreshed' })
    expect(JSON.stringify(told)).not.toContain('hidden')
  })

  test('session: of a guest', async () => {
    const headers = { accept: 'application/json', origin: 'https://play.example.com' }
    const made = await bench.request('/auth/guest', { method: 'POST', headers })
    const cookie = made.headers.getSetCookie()[0]?.split(';')[0] ?? ''
    const told = await bodyOf('/auth/session', { cookie })
    expect(faults(SESSION, told)).toEqual([])
    expect(told).toMatchObject({ provider: 'guest', primary_identity: null, user: { guest: true } })
  })

  test('session: names the primary identity without the id the person has there (P1, L4)', async () => {
    const { cookie } = await bench.signedIn(['player'])
    const told = await bodyOf('/auth/session', { cookie })
    expect(told).toMatchObject({ primary_identity: { provider: 'google', name: 'Somebody' } })
    expect(JSON.stringify(told)).not.toContain('subject-')
  })

  test('can: of somebody and of nobody', async () => {
    const { cookie } = await bench.signedIn(['player'])
    expect(faults(CAN, await bodyOf('/auth/can?GET=/players&DELETE=/edit', { cookie }))).toEqual([])
    expect(faults(CAN, await bodyOf('/auth/can?GET=/players'))).toEqual([])
  })

  test('providers: id, name and start, never a client id (P4)', async () => {
    const told = await bodyOf('/auth/providers')
    expect(faults(PROVIDERS, told)).toEqual([])
    expect(JSON.stringify(told)).not.toContain('a-client-id')
  })

  test.each([
    ['/players', 401],
    ['/players/undefined/x', 401],
    ['/auth/session', 401],
    ['/auth/can', 400],
    ['/auth/nothing', 404],
    ['/a//b', 400],
  ])('problem: %s', async (path, status) => {
    const answer = await bench.request(path, { headers: { accept: 'application/json' } })
    const told = await answer.json()
    expect([answer.status, faults(PROBLEM, told)]).toEqual([status, []])
  })

  test('problem: with the missing permission', async () => {
    const { cookie } = await bench.signedIn(['player'])
    expect(faults(PROBLEM, await bodyOf('/edit', { cookie }))).toEqual([])
  })

  test('a shape that differs is noticed', async () => {
    const { cookie } = await bench.signedIn(['player'])
    const told = (await bodyOf('/auth/session', { cookie })) as Record<string, unknown>
    expect(faults(SESSION, { ...told, extra: 1 })).not.toEqual([])
    expect(faults(SESSION, { ...told, state: 'expired' })).not.toEqual([])
    expect(faults(SESSION, { ...told, expires: 1_900_000_000 })).not.toEqual([])
    const { sid: _, ...rest } = told
    expect(faults(SESSION, rest)).not.toEqual([])
  })
})
