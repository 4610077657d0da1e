import { seconds } from '../../core/brand.ts'
import { base64url, digest } from '../../core/bytes.ts'
import type { User } from '../../core/person.ts'
import { ok } from '../../core/result.ts'
import { adminRoles, adminsOf } from './authority.ts'
import { type Call, noteOf, type Outcome, refused } from './call.ts'
import { type Operation, operation, shownTime } from './define.ts'
import { untilCurrent } from './roles.ts'
import type { View } from './views.ts'

/** How long a code is good, seconds. */
export const INVITE_SECONDS = 900
/** What stands in a ticket where the key of a session would: it names none, so no socket opens with it. */
const NO_SESSION = 'admin-invite'

/** The form of a code. */
export const INVITE_CODE: RegExp = /^[A-Za-z0-9_-]{32}$/

function invitePath(prefix: string): string {
  return `${prefix}/account/invite`
}

// WHY: tickets are kept under hashes; a word before the code keeps the two kinds apart.
function hashOf(code: string): Promise<string> {
  return digest(`${NO_SESSION}:${code}`)
}

/** A code that makes one signed-in person an administrator: 15 minutes, one use, shown once (DECISIONS 12). */
export async function inviteAdmin(call: Call): Promise<Outcome<View>> {
  const { store, runtime, config } = call.gateway
  const now = runtime.now()
  const expiresAt = seconds(now + INVITE_SECONDS)
  const path = invitePath(config.prefix)
  const shown = { redeem: `${config.origin}${path}`, expires: shownTime(expiresAt) }
  if (call.mode === 'rehearse') return ok(shown)
  const code = base64url(runtime.random(24))
  // INVARIANT: written down before it can be used.
  await store.audit.append(noteOf(call, 'admin-invited', null, { until: expiresAt }))
  await store.tickets.issue({ hash: await hashOf(code), sessionKey: NO_SESSION, path, expiresAt })
  return ok({ ...shown, code, link: `${config.origin}${config.prefix}/invite?code=${code}` })
}

/** Takes a code: its bearer, who is signed in, becomes an administrator. */
export async function redeemInvite(call: Call, user: User, code: string): Promise<Outcome<View>> {
  const { store, runtime, config, sessions } = call.gateway
  const policy = call.gateway.policy()
  const [role] = adminRoles(config, policy)
  if (user.guest || role === undefined) return refused('guest-refused', 'sign in with an account first')
  const hint = 'ask for a new code: `postern admin invite`'
  if (!INVITE_CODE.test(code)) return refused('bad-invite', hint)
  const ticket = await store.tickets.take(await hashOf(code), runtime.now())
  if (ticket === null || ticket.sessionKey !== NO_SESSION) return refused('bad-invite', hint)
  const audit = noteOf(call, 'roles-changed', user.id, { added: role, removed: '', by: 'admin-invite' })
  return untilCurrent(user.id, async () => {
    // WHY: the session may remember roles that were taken away seconds ago; they must not come back with this one.
    const now = await store.directory.read(user.id)
    if (now === null) return refused('bad-invite', hint)
    const kept = policy.bundle.rolesPerUser === 'one' ? [] : now.roles.filter((name) => name !== role)
    const changed = await store.directory.setRoles(user, [...kept, role], null, adminsOf(call), audit, now)
    if (changed.kind === 'stale') return 'stale'
    sessions.drop(user.tag)
    if (changed.kind === 'no-user' || changed.kind === 'last-admin') return refused('bad-invite', hint)
    return ok({ user: user.id, role })
  })
}

/** Operations about the first administrator. */
export const inviteOperations: readonly Operation[] = [
  operation({ name: 'admin.invite', effect: 'write', needs: 'operator' }, () => ({}), inviteAdmin),
]
