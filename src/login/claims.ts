import type { Ask } from '../core/ask.ts'
import type { Attributes, User } from '../core/person.ts'
import type { Config } from '../ports/config.ts'
import type { Gateway } from '../ports/gateway.ts'
import type { ProviderOutcome } from '../ports/provider.ts'
import { note } from '../session/note.ts'

type Value = Attributes[string]

function fits(value: unknown, rule: Config['attributes'][string]): value is Value {
  if (typeof value !== rule.type) return false
  if (typeof value === 'number') return Number.isFinite(value)
  return typeof value !== 'string' || value.length <= rule.maxLength
}

/**
 * The user attributes that a provider's claims change: those the configuration takes from this provider, of their type
 * and within their bound. A claim that is missing or does not fit leaves the attribute as it was (seeds P8).
 */
export function claimedAttributes(
  attributes: Config['attributes'],
  { identity, claims }: Pick<ProviderOutcome, 'identity' | 'claims'>,
  present: Attributes,
): Readonly<Record<string, Value>> {
  const changed = Object.entries(attributes).flatMap(([name, rule]): [string, Value][] => {
    // ATTACK: by provider, so that no other issuer's claim of the same name is believed; own members only.
    const from = rule.claims !== undefined && Object.hasOwn(rule.claims, identity.provider) ? rule.claims : {}
    const claim = from[identity.provider]
    const value = claim === undefined || !Object.hasOwn(claims, claim) ? undefined : claims[claim]
    return fits(value, rule) && present[name] !== value ? [[name, value]] : []
  })
  return Object.fromEntries(changed)
}

/** What a provider says of somebody now. */
export interface Told {
  readonly provider: string
  /** Attributes that it changes. */
  readonly changes: Readonly<Record<string, Value>>
}

/** Writes what the provider's claims say of somebody who just signed in; answers the user as it is now. */
export function takeClaims(ask: Ask, gateway: Gateway, user: User, outcome: ProviderOutcome): Promise<User> {
  const changes = claimedAttributes(gateway.config.attributes, outcome, user.attributes)
  return takeTold(ask, gateway, user, { provider: outcome.identity.provider, changes })
}

/** The same for what was told a moment ago: only what differs is written. */
export async function takeTold(
  ask: Ask,
  gateway: Gateway,
  user: User,
  { provider, changes: told }: Told,
): Promise<User> {
  const changes = Object.fromEntries(Object.entries(told).filter(([name, value]) => user.attributes[name] !== value))
  const names = Object.keys(changes)
  if (names.length === 0) return user
  const audit = note(gateway, ask, 'attributes-changed', user.id, user.id, { names: names.sort().join(' '), provider })
  await gateway.store.directory.setAttributes(user, changes, audit)
  gateway.sessions.drop(user.tag)
  return (await gateway.store.directory.read(user.id)) ?? user
}
