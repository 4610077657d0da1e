import type { RoleName, UserId } from '../../core/brand.ts'
import type { User } from '../../core/person.ts'
import { ok } from '../../core/result.ts'
import { hasPermission, managesUser } from '../../policy/permissions.ts'
import type { Policy } from '../../policy/policy.ts'
import type { AdminAction, Config } from '../../ports/config.ts'
import { type Actor, actingUser, type Call, type Outcome, refused } from './call.ts'

/** Whether the actor holds the permission of an action; the operator holds every one. */
export function mayAct(call: Call, action: AdminAction): boolean {
  const { actor, gateway } = call
  if (actor.kind === 'operator') return true
  return hasPermission(gateway.policy(), actor.subject, gateway.config.adminPermissions[action])
}

/** The actor's roles; none for a fixed token, which therefore manages nobody. */
export function actingRoles(actor: Extract<Actor, { kind: 'caller' }>): readonly RoleName[] {
  return actor.subject.kind === 'fixed-token' ? [] : actor.subject.user.roles
}

/** Whom an operation may be about, beside people strictly below the actor (seeds A14). */
export interface Reach {
  /** The own account: refused, or taken. */
  readonly self: 'refuse' | 'allow'
  /** `game`: a fixed token, which has no level, may do it to anybody: the game's own call (seeds C3). */
  readonly machines: 'refuse' | 'game'
}

/** Looking after people: never oneself, never by a machine. */
export const PEOPLE: Reach = { self: 'refuse', machines: 'refuse' }

/** The user an operation is about, when the actor may do this to them. */
export async function targetOf(call: Call, id: string, reach: Reach): Promise<Outcome<User>> {
  const user = await call.gateway.store.directory.read(id as UserId)
  if (user === null) return unknownUser(id)
  const fault = reachFault(call, user, reach)
  if (fault === null) return ok(user)
  return fault === 'own-account'
    ? refused(fault, 'ask somebody whose level is higher')
    : refused(fault, 'the actor needs a role that manages every role of this user and lies strictly above it')
}

/** The refusal about an id nobody has. */
export function unknownUser(id: string): Outcome<never> {
  return refused('unknown-user', 'give the id of a user, as `users list` shows it', { where: 'user', what: id })
}

/** Why the actor may not do this to a user; null when they may. */
export function reachFault(
  call: Call,
  user: Pick<User, 'id' | 'roles'>,
  reach: Reach,
): 'own-account' | 'outranked' | null {
  const { actor, gateway } = call
  if (actor.kind === 'operator') return null
  if (actor.subject.kind === 'fixed-token') return reach.machines === 'game' ? null : 'outranked'
  if (actingUser(actor) === user.id) return reach.self === 'allow' ? null : 'own-account'
  return managesUser(gateway.policy(), actingRoles(actor), user.roles) ? null : 'outranked'
}

/** The roles whose last holder stays one: the configured admin role, else every role of the highest level. */
export function adminRoles(config: Config, policy: Policy): readonly RoleName[] {
  if (config.adminRole !== null) return [config.adminRole as RoleName]
  const highest = Math.max(...policy.bundle.roles.map(({ level }) => level))
  return policy.bundle.roles.filter(({ level }) => level === highest).map(({ name }) => name)
}

/** The roles that count for the last-admin guard of a call. */
export function adminsOf({ gateway }: Call): readonly RoleName[] {
  return adminRoles(gateway.config, gateway.policy())
}

/** The refusal to what would leave nobody in charge. */
export function lastAdmin(): Outcome<never> {
  return refused('last-admin', 'make somebody else an administrator first')
}

/**
 * For a rehearsal: the refusal, where a change would leave nobody in charge; null when it would not. The change itself is
 * held to this by the store, in the same moment. Where the user is an administrator, others are looked for among all people.
 *
 * @param left - roles the user would have, and could use
 */
export async function endOfLastAdmin(
  call: Call,
  user: User,
  left: readonly RoleName[] = [],
): Promise<Outcome<never> | null> {
  const { store, runtime } = call.gateway
  const [admins, now] = [adminsOf(call), runtime.now()]
  const isOne = ({ roles, standing }: Pick<User, 'roles' | 'standing'>) => {
    const isUsable = standing.kind === 'active' || (standing.kind === 'suspended' && standing.until <= now)
    return isUsable && roles.some((role) => admins.includes(role))
  }
  if (!isOne(user) || isOne({ roles: left, standing: user.standing })) return null
  for (let after: string | null = null; ; ) {
    const page = await store.directory.search('', { after, limit: 500 })
    if (page.items.some((other) => other.id !== user.id && isOne(other))) return null
    if (page.next === null) return lastAdmin()
    after = page.next
  }
}
