import { nearest } from '../../config/reader.ts'
import type { RoleName } from '../../core/brand.ts'
import type { User } from '../../core/person.ts'
import { ok } from '../../core/result.ts'
import { managesRole, primaryRole } from '../../policy/permissions.ts'
import { type HeldRoles, StoreUnavailable } from '../../ports/store.ts'
import { actingRoles, adminsOf, endOfLastAdmin, lastAdmin, PEOPLE, targetOf, unknownUser } from './authority.ts'
import { type Call, noteOf, type Outcome, refused } from './call.ts'
import { boundedText, type Operation, operation, optionalBounded, userId } from './define.ts'
import type { View } from './views.ts'

/** A user and a role of theirs. */
export interface RoleInput {
  readonly user: string
  readonly role: string
}

/** Every role of the policy in force, the lowest level first: what a dashboard offers (seeds A7). */
export async function listRoles(call: Call): Promise<Outcome<View>> {
  const { roles } = call.gateway.policy().bundle
  const shown = roles
    .toSorted((a, b) => a.level - b.level || (a.name < b.name ? -1 : 1))
    .map(({ name, displayName, system, level, permissions, manages }) => {
      return { name, display_name: displayName, system, level, permissions, manages }
    })
  return ok({ roles: shown })
}

/** Gives a role; where the policy says one role per user, it replaces the others (seeds A8). */
export async function assignRole(call: Call, input: RoleInput): Promise<Outcome<View>> {
  const role = input.role as RoleName
  const one = call.gateway.policy().bundle.rolesPerUser === 'one'
  return change(call, input.user, ({ roles, primaryRole: primary }) => {
    return ok({ roles: one ? [role] : [...roles.filter((name) => name !== role), role], primaryRole: primary })
  })
}

/** Takes a role; one the user does not have changes nothing and is no error (seeds A10). */
export async function removeRole(call: Call, input: RoleInput): Promise<Outcome<View>> {
  return change(call, input.user, ({ roles, primaryRole: primary }) => {
    const left = roles.filter((name) => name !== input.role)
    return ok({ roles: left, primaryRole: primary === input.role ? null : primary })
  })
}

/** Replaces all roles in one step, and chooses the primary one. */
export async function replaceRoles(
  call: Call,
  input: { readonly user: string; readonly roles: readonly string[]; readonly primary: string | null },
): Promise<Outcome<View>> {
  return change(call, input.user, () => {
    const wanted = [...new Set(input.roles as readonly RoleName[])]
    const primary = wanted.find((role) => role === input.primary) ?? null
    if (input.primary !== null && primary === null)
      return refused('unknown-role', 'the primary role must be one of the given roles', { where: 'primary' })
    if (call.gateway.policy().bundle.rolesPerUser === 'one' && wanted.length > 1)
      return refused('bad-body', 'this policy gives one role per user: name one', { where: 'roles' })
    return ok({ roles: wanted, primaryRole: primary })
  })
}

/** Other changes of one person's roles that may come first before a change gives up. */
const MOST_TRIES = 32

/**
 * What `attempt` answers, which reads somebody and changes their roles: once more while it says that others stood there.
 *
 * @throws StoreUnavailable when others come first again and again
 */
export async function untilCurrent<T>(id: string, attempt: () => Promise<T | 'stale'>): Promise<T> {
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const done = await attempt()
    if (done !== 'stale') return done
  }
  throw new StoreUnavailable('setRoles', `${MOST_TRIES} other changes of the roles of ${id} came first`)
}

/** Gives somebody the roles that `plan` makes of those they hold; what it adds and takes is judged by what is really there. */
function change(call: Call, id: string, plan: (held: HeldRoles) => Outcome<HeldRoles>): Promise<Outcome<View>> {
  return untilCurrent(id, async () => {
    const target = await targetOf(call, id, PEOPLE)
    if (!target.ok) return target
    const wanted = plan(target.value)
    return wanted.ok ? changeFrom(call, target.value, wanted.value) : wanted
  })
}

async function changeFrom(
  call: Call,
  user: User,
  { roles: wanted, primaryRole: primary }: HeldRoles,
): Promise<Outcome<View> | 'stale'> {
  const added = wanted.filter((role) => !user.roles.includes(role))
  const removed = user.roles.filter((role) => !wanted.includes(role))
  for (const role of [...added, ...removed]) {
    const refusal = roleRefusal(call, role, added.includes(role) ? 'give' : 'take')
    if (refusal !== null) return refusal
  }
  if (call.mode === 'rehearse')
    return (await endOfLastAdmin(call, user, wanted)) ?? ok({ user: user.id, roles: wanted, added, removed })
  const { store, sessions } = call.gateway
  const detail = { added: added.join(' '), removed: removed.join(' ') }
  const audit = noteOf(call, 'roles-changed', user.id, detail)
  const changed = await store.directory.setRoles(user, wanted, primary, adminsOf(call), audit, user)
  // INVARIANT: no acknowledged change of roles is undone by one that read before it (SPEC 10, seeds A8).
  if (changed.kind === 'stale') return 'stale'
  sessions.drop(user.tag)
  if (changed.kind === 'no-user') return unknownUser(user.id)
  if (changed.kind === 'last-admin') return lastAdmin()
  const now = changed.kind === 'changed' ? changed.user : user
  const shown = { roles: now.roles, primary_role: primaryRole(call.gateway.policy(), now) }
  return ok({ user: user.id, changed: changed.kind === 'changed', ...shown, added, removed })
}

function roleRefusal(call: Call, role: RoleName, how: 'give' | 'take'): Outcome<never> | null {
  const { actor, gateway } = call
  const policy = gateway.policy()
  const known = [...policy.roles.keys()]
  if (how === 'give' && !policy.roles.has(role)) {
    const near = nearest(role, known)
    const hint = near === null ? `the policy knows ${known.join(', ')}` : `did you mean "${near}"?`
    return refused('unknown-role', hint, { where: 'role', what: role })
  }
  if (actor.kind === 'operator') return null
  // INVARIANT: nobody gives or takes a role of the own level or above, whoever holds it (seeds A14).
  if (managesRole(policy, actingRoles(actor), role)) return null
  return refused('role-too-high', 'the actor needs a role that manages this one and lies strictly above it', {
    where: 'role',
    what: role,
  })
}

/** Operations about roles of people. */
export const roleOperations: readonly Operation[] = [
  operation({ name: 'roles.list', effect: 'read', needs: 'users' }, () => ({}), listRoles),
  operation(
    { name: 'roles.assign', effect: 'write', needs: 'roles' },
    (read) => ({ user: userId(read), role: boundedText(read, 'role', 64) }),
    assignRole,
  ),
  operation(
    { name: 'roles.remove', effect: 'write', needs: 'roles' },
    (read) => ({ user: userId(read), role: boundedText(read, 'role', 64) }),
    removeRole,
  ),
  operation(
    { name: 'roles.replace', effect: 'write', needs: 'roles' },
    (read) => ({ user: userId(read), roles: read.texts('roles'), primary: optionalBounded(read, 'primary', 64) }),
    replaceRoles,
  ),
]
