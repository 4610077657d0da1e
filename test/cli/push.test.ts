import { expect, test } from 'vitest'
import { changed, deployment, type Ran, soundWith } from './support/deployment.ts'

/** What `push` says before it would ask a gateway; where none is, a push that gets so far ends with 3. */
async function refusedAs(files: Readonly<Record<string, string>>): Promise<readonly [push: Ran, check: Ran]> {
  const here = soundWith(files)
  return [await here.postern('push --url http://127.0.0.1:9'), await here.postern('check')]
}

test.each([
  ['cannot be loaded', { 'hono.config.ts': 'export default {' }],
  ['throws', { 'hono.config.ts': 'export default () => { throw new Error("no") }' }],
  ['names a folder that is not there', changed('hono.config.ts', 'upstreams', "policies: 'rules',\n  upstreams")],
])('push() ends with 3 and the words of check where the configuration %s', async (_, files) => {
  const [push, check] = await refusedAs(files)
  expect(push).toEqual({ code: 3, out: '', err: check.err })
  expect(check.code).toBe(3)
})

test('push() ends with 3 where there is no deployment', async () => {
  const { code, err } = await deployment({}).postern('push')
  expect({ code, told: err.startsWith('hono.config.ts: PST500 there is none in ') }).toEqual({ code: 3, told: true })
})

test.each([
  ['a setting that is none', changed('hono.config.ts', 'upstreams', 'orign: 1,\n  upstreams')],
  ['a typo of a policy', changed('policies/game.yaml', 'permission: players.edit', 'permission: players.edti')],
  ['a failed test', changed('policies/game.yaml', 'nobody: 401', 'nobody: allow')],
  ['a role that no policy knows', changed('hono.config.ts', 'upstreams', "adminRole: 'bos',\n  upstreams")],
])('push() ends with 1 and the findings of check where there is %s', async (_, files) => {
  const [push, check] = await refusedAs(files)
  expect(push.code).toBe(1)
  expect(push.err).toBe(check.out.split('\n').slice(0, -1).join('\n'))
})

test('push() prints what is wrong as JSON for programs', async () => {
  const here = soundWith(changed('policies/game.yaml', 'permission: players.edit', 'permission: players.edti'))
  const { code, out } = await here.postern('push --json')
  expect(code).toBe(1)
  expect(JSON.parse(out)).toMatchObject({ ok: false, problems: [{ file: 'policies/game.yaml', code: 'PST204' }] })
})
