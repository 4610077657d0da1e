import { type Answer, json, redirect } from '../core/answer.ts'
import type { Ask } from '../core/ask.ts'
import type { Sid } from '../core/brand.ts'
import { clientKind } from '../core/client-kind.ts'
import { deviceLabel } from '../core/device-label.ts'
import type { Identity, Session } from '../core/person.ts'
import { type AccountProps, account, type DeviceEntry, type IdentityEntry } from '../pages/account.ts'
import { openAreas } from '../pages/admin/areas.ts'
import { show } from '../pages/frame.ts'
import { refuse } from '../pages/refuse.ts'
import type { Gateway } from '../ports/gateway.ts'
import { identifierOf } from '../session/identifier.ts'
import { identify } from '../session/identify.ts'
import { note } from '../session/note.ts'
import { caller, owner, type Person } from './caller.ts'
import { handleOf } from './identities.ts'
import { canEnd } from './provider-exit.ts'

/** Devices a page shows; the API lists all of them. */
const SHOWN_DEVICES = 20

function time(moment: number): string {
  return new Date(moment * 1000).toISOString()
}

function deviceEntry({ prefix, nativeClients }: Gateway['config'], session: Session, person: Person): DeviceEntry {
  return {
    label:
      (session.native && nativeClients.find(({ id }) => id === session.client)?.name) ?? deviceLabel(session.userAgent),
    place: session.country ?? session.address,
    current: session.sid === person.session.sid ? 'yes' : 'no',
    beganAt: time(session.createdAt),
    seenAt: time(session.lastSeenAt),
    endUrl: `${prefix}/devices/end?sid=${encodeURIComponent(session.sid)}`,
  }
}

async function identityEntry(gateway: Gateway, identity: Identity, count: number): Promise<IdentityEntry> {
  const { prefix } = gateway.config
  const query = `identity=${await handleOf(gateway, identity)}`
  const { profile } = identity
  return {
    provider: gateway.providers.get(identity.provider)?.name ?? identity.provider,
    name: [profile.name, profile.email].filter((text) => text !== null).join(' · ') || null,
    addedAt: time(identity.linkedAt),
    primary: identity.primary ? 'yes' : 'no',
    unlinkUrl: count > 1 ? `${prefix}/unlink?${query}` : null,
    primaryUrl: identity.primary ? null : `${prefix}/primary?${query}`,
  }
}

/** Devices, the present one first, then by when they were last seen. */
function ordered(sessions: readonly Session[], person: Person): readonly Session[] {
  const rank = ({ sid, lastSeenAt }: Session) => (sid === person.session.sid ? Number.POSITIVE_INFINITY : lastSeenAt)
  return [...sessions].sort((a, b) => rank(b) - rank(a))
}

async function accountJson(gateway: Gateway, person: Person, identities: readonly Identity[]): Promise<Answer> {
  const shown = identities.map(async (identity) => ({
    identity: await handleOf(gateway, identity),
    provider: identity.provider,
    name: identity.profile.name,
    email: identity.profile.email,
    since: time(identity.linkedAt),
    primary: identity.primary,
  }))
  const { id, profile, guest } = person.user
  const user = { id, name: profile.name, guest }
  return json(200, { version: 1, user, identities: await Promise.all(shown) })
}

/** Where a player looks after devices and ways to sign in (seeds L4). */
export async function accountPage(ask: Ask, gateway: Gateway): Promise<Answer> {
  const { prefix } = gateway.config
  if (clientKind(ask) === 'navigation' && !(await isSignedIn(ask, gateway)))
    return redirect(302, `${prefix}/sign-in?to=account`, [['vary', 'cookie']])
  const called = await caller(ask, gateway)
  if ('answer' in called) return called.answer
  const person = called.who
  const { sessions, directory } = gateway.store
  const identities = await directory.identities(person.user)
  if (clientKind(ask) === 'program') return accountJson(gateway, person, identities)
  const devices = ordered(await sessions.list(person.user, gateway.runtime.now()), person)
  const linked = new Set(identities.map(({ provider }) => provider))
  const addable = [...gateway.providers.values()].filter(({ id }) => !linked.has(id))
  const props = {
    notice: new URLSearchParams(ask.target.query).get('saved') === '1' ? 'saved' : 'none',
    adminUrl: openAreas(gateway, person).length > 0 ? `${prefix}/admin` : null,
    signOutUrl: `${prefix}/sign-out`,
    signOutAllUrl: `${prefix}/sign-out/everywhere`,
    signOutThere: await signOutThere(gateway, person),
    endOthersUrl: devices.length > 1 ? `${prefix}/devices/end-others` : null,
    ...devicesOf(gateway.config, devices, person, new URLSearchParams(ask.target.query).get('from') ?? ''),
    identities: await Promise.all(identities.map((identity) => identityEntry(gateway, identity, identities.length))),
    addable: addable.map(({ id, name }) => ({ provider: name, url: `${prefix}/link/${id}` })),
    tokens: null,
  } as const
  return show(ask, gateway, person, (frame) => account(frame, props))
}

type Devices = Pick<AccountProps, 'devices' | 'otherDevices'>

/** @param wish - with which device to begin, unchecked */
function devicesOf(config: Gateway['config'], all: readonly Session[], person: Person, wish: string): Devices {
  const from = /^\d{1,6}$/.test(wish) && Number(wish) < all.length ? Number(wish) : 0
  const next = from + SHOWN_DEVICES
  const devices = all.slice(from, next).map((session) => deviceEntry(config, session, person))
  if (devices.length === all.length) return { devices }
  const url = `${config.prefix}/account`
  const firstUrl = from === 0 ? null : url
  return {
    devices,
    otherDevices: { firstUrl, nextUrl: next < all.length ? `${url}?from=${next}` : null, total: all.length },
  }
}

async function isSignedIn(ask: Ask, gateway: Gateway): Promise<boolean> {
  return (await identify(ask.credentials, identifierOf(gateway))).kind === 'somebody'
}

async function signOutThere(gateway: Gateway, { session }: Person): Promise<AccountProps['signOutThere']> {
  const name = gateway.providers.get(session.provider)?.name
  if (name === undefined || !(await canEnd(gateway, session.provider))) return null
  return { provider: name, url: `${gateway.config.prefix}/sign-out?provider=1` }
}

/**
 * Ends one of the own devices; somebody else's is not found. Ending this one is a sign-out.
 *
 * @param form - `sid`, the public name of its session
 */
export async function endDevice(
  ask: Ask,
  gateway: Gateway,
  form: URLSearchParams,
  signOut: () => Promise<Answer>,
): Promise<Answer> {
  const called = await owner(ask, gateway, form)
  if ('answer' in called) return called.answer
  const { user, session } = called.who
  const sid = form.get('sid')
  if (sid === session.sid) return signOut()
  const audit = note(gateway, ask, 'session-revoked', user.id, user.id, { sid: sid ?? '' })
  const now = gateway.runtime.now()
  const isEnded = sid !== null && (await gateway.store.sessions.revokeSid(user, sid as Sid, 'signed-out', now, audit))
  gateway.sessions.drop(user.tag)
  return isEnded ? saved(ask, gateway, 1) : refuse(ask, gateway, 'not-found', { subject: called.who, from: 'account' })
}

/** Ends every device but this one. */
export async function endOtherDevices(ask: Ask, gateway: Gateway, form: URLSearchParams): Promise<Answer> {
  const called = await owner(ask, gateway, form)
  if ('answer' in called) return called.answer
  const { user, session } = called.who
  const audit = note(gateway, ask, 'session-revoked', user.id, user.id, { scope: 'others' })
  const now = gateway.runtime.now()
  const ended = await gateway.store.sessions.revokeUser(user, 'signed-out', now, audit, session.sid)
  gateway.sessions.drop(user.tag)
  return saved(ask, gateway, ended)
}

function saved(ask: Ask, gateway: Gateway, ended: number): Answer {
  if (clientKind(ask) === 'program') return json(200, { ended })
  return redirect(303, `${gateway.config.prefix}/account?saved=1`)
}
