import type { RoleName, SessionKey, Sid, Tag, UserId } from '../../core/brand.ts'
import { seconds } from '../../core/brand.ts'
import { base64url } from '../../core/bytes.ts'
import type { Session, User } from '../../core/person.ts'
import { ok } from '../../core/result.ts'
import { type Call, type Outcome, refused } from './call.ts'
import { type Operation, operation, optionalBounded } from './define.ts'
import type { View } from './views.ts'

const LIFE = 60
/** The user of assertions that are made by hand: an id no account has. */
const NOBODY = '00000000-0000-4000-8000-000000000000' as UserId

/** Identity headers as an upstream would get them from somebody with these roles; without roles, from nobody. */
export async function makeAssertion(
  call: Call,
  input: { readonly roles: readonly string[]; readonly upstream: string | null },
): Promise<Outcome<View>> {
  const { config, identity } = call.gateway
  const policy = call.gateway.policy()
  const [first] = config.upstreams
  const upstream = input.upstream === null ? first : config.upstreams.find(({ name }) => name === input.upstream)
  const names = config.upstreams.map(({ name }) => name).join(', ')
  if (upstream === undefined)
    return refused('not-found', `configured upstreams are ${names}`, { where: 'upstream', what: input.upstream })
  const stranger = input.roles.find((role) => !policy.roles.has(role))
  if (stranger !== undefined)
    return refused('unknown-role', `the policy knows ${[...policy.roles.keys()].join(', ')}`, {
      where: 'roles',
      what: stranger,
    })
  const subject = input.roles.length === 0 ? null : subjectOf(call, input.roles as readonly RoleName[])
  const headers = await identity.headers(subject, policy, upstream)
  return ok({ upstream: upstream.name, audience: upstream.audience, headers: Object.fromEntries(headers) })
}

function subjectOf({ gateway }: Call, roles: readonly RoleName[]) {
  const now = gateway.runtime.now()
  const tag = 'aaaaaaaaaa' as Tag
  const user: User = {
    id: NOBODY,
    tag,
    origin: 'sign-up',
    guest: false,
    profile: { name: `Test ${roles.join(' ')}`, email: null, emailVerified: false, picture: null },
    roles,
    primaryRole: null,
    standing: { kind: 'active' },
    attributes: {},
    epoch: 0,
    createdAt: now,
    lastSignInAt: now,
    endsAt: null,
  }
  const session: Session = {
    key: `${tag}.` as SessionKey,
    // WHY: a fresh name each time, so that no assertion is remembered for another one.
    sid: base64url(gateway.runtime.random(16)) as Sid,
    user: NOBODY,
    tag,
    provider: 'operator',
    client: 'unknown',
    userAgent: '',
    address: null,
    country: null,
    createdAt: now,
    authTime: now,
    lastSeenAt: now,
    idleUntil: seconds(now + LIFE),
    endsAt: seconds(now + LIFE),
    character: null,
    version: 1,
  }
  return { kind: 'session', user, session } as const
}

/** Operations for the developers of upstreams. */
export const assertionOperations: readonly Operation[] = [
  operation(
    { name: 'assertion.make', effect: 'read', needs: 'operator' },
    (read) => ({ roles: read.texts('roles'), upstream: optionalBounded(read, 'upstream', 40) }),
    makeAssertion,
  ),
]
