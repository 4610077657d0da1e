import { expect, test } from 'vitest'
import { checkPolicy } from '../../src/policy/compile.ts'
import { loadPolicy } from '../../src/policy/policy.ts'
import { formatProblems } from '../../src/policy/print.ts'
import { ask, fileText, KNOWN, signedIn } from './support.ts'

const files = ['policies/roles.yaml', 'policies/game.yaml'].map((name) => ({ name, text: fileText(name) }))

test('checkPolicy() finds nothing in the policies of the repository', async () => {
  const checked = await checkPolicy(files, KNOWN)
  expect(formatProblems(checked.problems)).toBe('')
})

test('decide() with the policies of the repository keeps literal paths out of the room rule', async () => {
  const checked = await checkPolicy(files, KNOWN)
  if (checked.bundle === null) throw new Error('no bundle')
  const policy = loadPolicy(checked.bundle, {})
  expect(ask(policy, 'GET /admin/reports', signedIn(['padawan']))).toMatchObject({
    kind: 'forbid',
    missing: ['admin.logs'],
  })
  expect(ask(policy, 'GET /proc/room', signedIn(['padawan']))).toMatchObject({ kind: 'allow', rule: { id: 'room' } })
  expect(ask(policy, 'GET /proc/room', null)).toMatchObject({ kind: 'needs-session' })
})
