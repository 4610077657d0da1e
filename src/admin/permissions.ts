import { type Answer, json } from '../core/answer.ts'
import type { Ask } from '../core/ask.ts'
import type { UserId } from '../core/brand.ts'
import { fromBase64url, text } from '../core/bytes.ts'
import type { Subject, TokenGrant } from '../core/person.ts'
import { isTold } from '../identity/disclosure.ts'
import { refuse } from '../pages/refuse.ts'
import { callerPermissions, knownRoles, primaryRole } from '../policy/permissions.ts'
import type { Gateway } from '../ports/gateway.ts'
import { localKeys, type Verified, type VerifiedUser, verifyAssertion } from '../verify/assertion.ts'
import { Refused } from '../verify/refusal.ts'

/**
 * `GET {prefix}/permissions`: the lists behind `roles_hash` and `permissions_hash`, for an upstream that shows the assertion
 * it got as a Bearer credential. They are those of this moment; a list that `claims` of the upstream leave out is absent.
 */
export async function permissionsOfAssertion(ask: Ask, gateway: Gateway): Promise<Answer> {
  const token = /^Bearer ([A-Za-z0-9_.-]+)$/i.exec(ask.credentials.authorization ?? '')?.[1] ?? null
  const verified = token === null ? null : await verifiedBy(gateway, token)
  if (verified === null || verified.kind === 'anonymous') return notAccepted(ask, gateway)
  const subject = await grantsOf(gateway, verified)
  if (subject === null) return notAccepted(ask, gateway)
  const policy = gateway.policy()
  const user = subject.kind === 'fixed-token' ? null : subject.user
  const { upstreams } = gateway.config
  // INVARIANT: of several upstreams with this audience each must be told a list for it to be told here.
  const told = (word: string) => upstreams.every((one) => one.audience !== verified.claims.aud || isTold(one, word))
  return json(200, {
    version: 1,
    sub: verified.id,
    ...(told('roles')
      ? {
          // WHY: as in the assertion, so that the list is the one its hash was made of.
          roles: knownRoles(policy, user?.roles ?? []),
          primary_role: user === null ? null : primaryRole(policy, user),
        }
      : {}),
    ...(told('permissions') ? { permissions: callerPermissions(policy, subject) } : {}),
    policy: policy.hash,
  })
}

function notAccepted(ask: Ask, gateway: Gateway): Answer {
  const headers = [['www-authenticate', 'Bearer realm="postern assertion"'] as const]
  return refuse(ask, gateway, 'token-invalid', { headers, as: 'program' })
}

async function verifiedBy(gateway: Gateway, token: string): Promise<Verified | null> {
  const audience = audienceOf(token)
  if (!gateway.config.upstreams.some((upstream) => upstream.audience === audience) || audience === null) return null
  const keys = (await gateway.signer.jwks()) as Parameters<typeof localKeys>[0]
  try {
    const { origin, prefix } = gateway.config
    const now = () => gateway.runtime.now()
    return await verifyAssertion(token, { issuer: `${origin}${prefix}`, audience, keys: localKeys(keys), now })
  } catch (error) {
    if (error instanceof Refused) return null
    throw error
  }
}

/** The audience an assertion claims, unverified: only to know which one to verify for. */
function audienceOf(token: string): string | null {
  const bytes = fromBase64url(token.split('.')[1] ?? '')
  if (bytes === null) return null
  try {
    const claims: unknown = JSON.parse(text(bytes))
    if (typeof claims !== 'object' || claims === null || !('aud' in claims)) return null
    return typeof claims.aud === 'string' ? claims.aud : null
  } catch {
    return null
  }
}

/** What the subject of an assertion may now; null when it is gone or may not be used any more. */
async function grantsOf(gateway: Gateway, { id, session, claims }: VerifiedUser): Promise<Subject | null> {
  const named = typeof claims['token'] === 'string' ? claims['token'] : null
  if (id === `token:${named}`) {
    const grant = [...gateway.fixedTokens.values()].find((token) => token.id === named)
    return grant === undefined ? null : { kind: 'fixed-token', token: grant }
  }
  const { store, runtime } = gateway
  const user = await store.directory.read(id as UserId)
  const now = runtime.now()
  if (user === null || user.standing.kind === 'banned') return null
  if (user.standing.kind === 'suspended' && user.standing.until > now) return null
  if (named !== null) {
    const token = (await store.tokens.list(user, now)).find((one) => one.id === named)
    if (token === undefined || (token.expiresAt !== null && token.expiresAt <= now)) return null
    const grant: TokenGrant = { id: token.id, name: token.name, scopes: token.scopes, fixed: false }
    return { kind: 'token', user, token: grant }
  }
  // WHY: an upstream that is not told `sid` cannot name the session; then the person has to have one at all.
  const live = (await store.sessions.list(user, now)).find((one) => session === null || one.sid === session)
  return live === undefined ? null : { kind: 'session', user, session: live }
}
