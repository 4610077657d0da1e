import { type Answer, json, redirect } from '../core/answer.ts'
import type { Ask } from '../core/ask.ts'
import { base64url, utf8 } from '../core/bytes.ts'
import { clientKind } from '../core/client-kind.ts'
import type { Identity } from '../core/person.ts'
import { refuse } from '../pages/refuse.ts'
import type { Gateway } from '../ports/gateway.ts'
import { note } from '../session/note.ts'
import { owner, type Person } from './caller.ts'
import { askAgain, isFresh } from './fresh.ts'

/**
 * What an identity is called in forms: short, stable, and nothing that leads back to the provider's id, which stays
 * inside (seeds P1, L4).
 */
export async function handleOf(gateway: Pick<Gateway, 'mac'>, { issuer, subject }: Identity): Promise<string> {
  const signature = await crypto.subtle.sign('HMAC', gateway.mac, utf8(`handle of identity ${issuer}\n${subject}`))
  return base64url(new Uint8Array(signature).subarray(0, 12))
}

async function chosen(gateway: Gateway, person: Person, form: URLSearchParams): Promise<Identity | null> {
  const identities = await gateway.store.directory.identities(person.user)
  const handle = form.get('identity')
  if (handle === null) {
    const [only, second] = identities.filter(({ provider }) => provider === form.get('provider'))
    return second === undefined ? (only ?? null) : null
  }
  for (const identity of identities) if ((await handleOf(gateway, identity)) === handle) return identity
  return null
}

type Change = (person: Person, identity: Identity) => Promise<Answer>

async function change(ask: Ask, gateway: Gateway, form: URLSearchParams, work: Change): Promise<Answer> {
  const called = await owner(ask, gateway, form)
  if ('answer' in called) return called.answer
  const identity = await chosen(gateway, called.who, form)
  if (identity === null) return refuse(ask, gateway, 'not-found', { subject: called.who, from: 'account' })
  if (!isFresh(called.who, gateway)) return askAgain(ask, gateway, called.who, `${gateway.config.prefix}/account`)
  return work(called.who, identity)
}

function saved(ask: Ask, gateway: Gateway): Answer {
  if (clientKind(ask) === 'program') return json(200, { ok: true })
  return redirect(303, `${gateway.config.prefix}/account?saved=1`)
}

/**
 * Removes a way to sign in, never the last one (seeds L3).
 *
 * @param form - `identity`, a handle of the account page, or `provider` where there is one of it
 */
export function unlinkIdentity(ask: Ask, gateway: Gateway, form: URLSearchParams): Promise<Answer> {
  return change(ask, gateway, form, async (person, identity) => {
    const { user } = person
    const audit = note(gateway, ask, 'identity-unlinked', user.id, user.id, { provider: identity.provider })
    const unlinked = await gateway.store.directory.unlink(user, identity.issuer, identity.subject, audit)
    gateway.sessions.drop(user.tag)
    if (unlinked === 'unlinked') return saved(ask, gateway)
    if (unlinked === 'unknown') return refuse(ask, gateway, 'not-found', { subject: person, from: 'account' })
    const returnTo = `${gateway.config.prefix}/account`
    const restart = { provider: identity.provider, returnTo, from: 'account' } as const
    return refuse(ask, gateway, 'last-identity', { subject: person, restart })
  })
}

/** Makes a way to sign in the primary one: exactly one is at any time (seeds L2). */
export function primeIdentity(ask: Ask, gateway: Gateway, form: URLSearchParams): Promise<Answer> {
  return change(ask, gateway, form, async (person, identity) => {
    const { user } = person
    const audit = note(gateway, ask, 'identity-primary', user.id, user.id, { provider: identity.provider })
    const isSet = await gateway.store.directory.setPrimary(user, identity.issuer, identity.subject, audit)
    gateway.sessions.drop(user.tag)
    return isSet ? saved(ask, gateway) : refuse(ask, gateway, 'not-found', { subject: person, from: 'account' })
  })
}
