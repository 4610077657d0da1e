import { ok } from '../../core/result.ts'
import { type Call, noteOf, type Outcome, refused } from './call.ts'
import { boundedText, type Operation, operation, shownTime } from './define.ts'
import type { View } from './views.ts'

/** The signing keys that are published, with what each is for. */
export async function listKeys(call: Call): Promise<Outcome<View>> {
  const keys = await call.gateway.keyRing.list()
  return ok({
    keys: keys.map(({ kid, algorithm, state, createdAt, activeAt }) => {
      return { kid, algorithm, state, created: shownTime(createdAt), active: shownTime(activeAt) }
    }),
  })
}

function changedElsewhere(secret: string): Outcome<never> {
  return refused('not-found', `the keys are given: change the secret ${secret} and restart (docs/operations.md)`)
}

/** What a rotation would do: the key that waits stays, or one that nobody has made yet comes. */
async function rotationOf({ gateway }: Call): Promise<Outcome<View>> {
  const keys = await gateway.keyRing.list()
  const next = keys.find(({ state }) => state === 'next')
  if (next !== undefined) return ok({ kind: 'pending', kid: next.kid, active: shownTime(next.activeAt) })
  const retires = keys.find(({ state }) => state === 'current')?.kid ?? null
  return ok({ kind: 'added', kid: null, active: null, retires })
}

/** Publishes the next key; it signs in 24 hours. A second call before that changes nothing. */
export async function rotateKeys(call: Call): Promise<Outcome<View>> {
  const { keys } = call.gateway.config.assertion
  if (call.mode === 'rehearse') return keys === null ? rotationOf(call) : changedElsewhere(keys.secret)
  const rotated = await call.gateway.keyRing.rotate(noteOf(call, 'key-rotated', null))
  if (rotated.kind === 'given') return changedElsewhere(rotated.secret)
  const { activeAt, ...rotation } = rotated
  return ok({ ...rotation, active: shownTime(activeAt) })
}

/** Takes a key out of use at once. */
export async function revokeKey(call: Call, input: { readonly key: string }): Promise<Outcome<View>> {
  const known = await call.gateway.keyRing.list()
  const hint = 'give a kid as `keys list` shows it'
  if (!known.some(({ kid }) => kid === input.key)) return refused('not-found', hint, { where: 'key', what: input.key })
  const { keys } = call.gateway.config.assertion
  if (call.mode === 'rehearse') return keys === null ? ok({ revoked: input.key }) : changedElsewhere(keys.secret)
  const revoked = await call.gateway.keyRing.revoke(input.key, noteOf(call, 'key-revoked', null, { kid: input.key }))
  if (revoked.kind === 'given') return changedElsewhere(revoked.secret)
  if (revoked.kind === 'unknown') return refused('not-found', hint, { where: 'key', what: input.key })
  return ok({ revoked: input.key, signs: revoked.signs })
}

/** Operations about signing keys. */
export const keyOperations: readonly Operation[] = [
  operation({ name: 'keys.list', effect: 'read', needs: 'config' }, () => ({}), listKeys),
  operation({ name: 'keys.rotate', effect: 'write', needs: 'operator' }, () => ({}), rotateKeys),
  operation(
    { name: 'keys.revoke', effect: 'write', needs: 'operator' },
    (read) => ({ key: boundedText(read, 'key', 128) }),
    revokeKey,
  ),
]
