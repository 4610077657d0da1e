import type { Seconds } from '../core/brand.ts'
import { type Subject, typedAttributes } from '../core/person.ts'
import { AssertionCache, assertionFor, rememberedAssertion } from '../identity/assertion.ts'
import { type MessageSigner, messageSignature } from '../identity/message-signature.ts'
import { headerGuard, managedFor } from '../identity/reserved.ts'
import { callerPermissions, knownRoles, primaryRole } from '../policy/permissions.ts'
import type { Policy } from '../policy/policy.ts'
import type { Config, Upstream } from '../ports/config.ts'
import type { IdentityWriter } from '../ports/identity.ts'
import type { Runtime } from '../ports/runtime.ts'
import type { Signer } from '../ports/signer.ts'

/** Finished assertions that are remembered. */
const REMEMBERED_ASSERTIONS = 20_000

function statementOf(subject: Subject | null, policy: Policy) {
  if (subject === null) return null
  // INVARIANT: what a decision gives, also for a token with patterns, and what the lists behind the hashes are made of.
  const permissions = callerPermissions(policy, subject)
  if (subject.kind === 'fixed-token') return { subject, roles: [], primaryRole: null, permissions }
  const { user } = subject
  const attributes = typedAttributes(user.attributes, policy.attributes)
  const told = attributes === user.attributes ? subject : { ...subject, user: { ...user, attributes } }
  return { subject: told, roles: knownRoles(policy, user.roles), primaryRole: primaryRole(policy, user), permissions }
}

/** A header as its reader sees it: several lines are one list (RFC 9421 section 2.1); null when there is none. */
function headerOf(headers: readonly (readonly [string, string])[], wanted: string): string | null {
  const lines = headers.filter(([name]) => name.toLowerCase() === wanted).map(([, value]) => value.trim())
  return lines.length === 0 ? null : lines.join(', ')
}

/** Writes identity for the upstreams of a configuration; assertions are remembered until half their life. */
export function identityWriter(
  config: Config,
  signer: Signer,
  messageSigners: ReadonlyMap<string, MessageSigner>,
  runtime: Pick<Runtime, 'now' | 'random'>,
): IdentityWriter {
  const maker = { signer, cache: new AssertionCache(REMEMBERED_ASSERTIONS), issuer: `${config.origin}${config.prefix}` }
  const guards = new Map(
    config.upstreams.map((upstream) => [upstream.name, headerGuard(managedFor(upstream, config.upstreams))]),
  )
  const fresh = async (subject: Subject | null, policy: Policy, upstream: Upstream, now: Seconds) =>
    (await assertionFor(statementOf(subject, policy), upstream, policy.hash, maker, now)).headers
  return {
    headers(subject, policy, upstream) {
      const now = runtime.now()
      const kid = signer.currentKid()
      // INVARIANT: a read of the keys that is under way is waited for: dropped, its failure would end the process unheard.
      if (typeof kid !== 'string') return kid.then(() => fresh(subject, policy, upstream, now))
      const known = rememberedAssertion(subject, upstream, policy.hash, kid, maker.cache, now)
      return known?.headers ?? fresh(subject, policy, upstream, now)
    },
    async sign(upstream, message) {
      if (upstream.sign === 'none') return []
      const query = message.target.indexOf('?')
      const sent = {
        method: message.method,
        authority: headerOf(message.headers, 'host') ?? new URL(upstream.url).host,
        path: query === -1 ? message.target : message.target.slice(0, query),
        query: query === -1 ? '' : message.target.slice(query),
        headers: message.identity,
        contentDigest: headerOf(message.headers, 'content-digest'),
      }
      return messageSignature(sent, messageSigners.get(upstream.name) ?? signer, runtime.now(), runtime.random)
    },
    isReserved(upstream, name) {
      return guards.get(upstream.name)?.(name) ?? true
    },
  }
}
