import { nearest, type Reader } from '../../config/reader.ts'
import type { UserId } from '../../core/brand.ts'
import { ok } from '../../core/result.ts'
import { quotasOf } from '../../policy/quota.ts'
import { type Reach, targetOf, unknownUser } from './authority.ts'
import { type Call, noteOf, type Outcome, refused } from './call.ts'
import { boundedText, type Operation, operation, userId } from './define.ts'
import type { View } from './views.ts'

/** The game knows best how many there really are. */
const GAME: Reach = { self: 'refuse', machines: 'game' }

/** What a person has used of every quota of the policy, reservations included, and how far it goes; null: no limit (seeds A26). */
export async function showQuotas(call: Call, input: { readonly user: string }): Promise<Outcome<View>> {
  const { store, runtime } = call.gateway
  const user = await store.directory.read(input.user as UserId)
  if (user === null) return unknownUser(input.user)
  const now = runtime.now()
  const limits = [...quotasOf(call.gateway.policy().bundle, user.roles)]
  const quotas = limits.map(async ([name, limit]) => ({
    name,
    used: await store.quotas.used(user.id, user.tag, name, now),
    limit,
  }))
  return ok({ user: user.id, quotas: await Promise.all(quotas) })
}

/** Says how many a person has: what is reserved at this moment is counted beside it (seeds A26). */
export async function setQuota(
  call: Call,
  input: { readonly user: string; readonly quota: string; readonly used: number },
): Promise<Outcome<View>> {
  const target = await targetOf(call, input.user, GAME)
  if (!target.ok) return target
  const { id, tag, roles } = target.value
  const names = [...quotasOf(call.gateway.policy().bundle, roles).keys()]
  if (!names.includes(input.quota)) {
    const near = nearest(input.quota, names)
    const hint = near === null ? `the policy counts ${names.join(', ') || 'nothing'}` : `did you mean "${near}"?`
    return refused('not-found', hint, { where: 'quota', what: input.quota })
  }
  if (call.mode === 'rehearse') return ok({ ...input })
  const audit = noteOf(call, 'quota-set', id, { quota: input.quota, used: input.used })
  await call.gateway.store.quotas.set(id, tag, input.quota, input.used, audit)
  return ok({ ...input })
}

function counted(read: Reader): number {
  if (read.raw('used') === undefined) read.fault('used', 'is needed: how many there are')
  return read.integer('used', 0, 1_000_000_000, 0)
}

/** Operations about what people may make in all. */
export const quotaOperations: readonly Operation[] = [
  operation({ name: 'quotas.show', effect: 'read', needs: 'users' }, (read) => ({ user: userId(read) }), showQuotas),
  operation(
    { name: 'quotas.set', effect: 'write', needs: 'attributes' },
    (read) => ({
      user: userId(read),
      quota: boundedText(read, 'quota', 128),
      used: counted(read),
    }),
    setQuota,
  ),
]
