import type { Answer } from '../../core/answer.ts'
import type { UserId } from '../../core/brand.ts'
import { deviceLabel } from '../../core/device-label.ts'
import type { Notice } from '../../pages/admin/parts.ts'
import {
  adminPerson,
  type PersonActs,
  type PersonProps,
  type SessionEntry,
  type Typed,
} from '../../pages/admin/person.ts'
import { managesRole } from '../../policy/permissions.ts'
import type { OwnEndpoint } from '../../ports/front.ts'
import { actingRoles, mayAct, PEOPLE, reachFault } from '../operations/authority.ts'
import { KICK } from '../operations/sessions.ts'
import type { View } from '../operations/views.ts'
import { doneNotice } from './done.ts'
import { numberOf, partOf, partsOf, standingOf, textOf, textsOf } from './read.ts'
import { adminPage, page, personUrl, refusedPage, run, type Visit } from './visit.ts'

/** Sessions on one page, so that it stays small. */
const SHOWN = 6
const SHOWN_TOKENS = 50

const NOTHING_TYPED: Typed = { reason: '', until: '' }

/** How the page about a person is shown after a form: what to say, and what was typed. */
export interface Shown {
  readonly notice: Notice | null
  readonly status: number
  readonly typed: Typed
}

function asTarget(user: View) {
  return { id: (textOf(user, 'id') ?? '') as UserId, roles: textsOf(user, 'roles') as Visit['person']['user']['roles'] }
}

/** One session in the answer of an operation as a row; `end` is what its button sends. */
export function sessionEntry(session: View, end: string | null): SessionEntry {
  return {
    label: deviceLabel(textOf(session, 'user_agent') ?? ''),
    place: textOf(session, 'country') ?? textOf(session, 'address'),
    character: textOf(partOf(session, 'character'), 'name'),
    seenAt: textOf(session, 'last_seen') ?? '',
    end,
  }
}

function actsOf({ gateway, call, person }: Visit, user: View, typed: Typed): PersonActs {
  const target = asTarget(user)
  const policy = gateway.policy()
  const isBelow = reachFault(call, target, PEOPLE) === null
  const isStopped = standingOf(user, gateway.runtime.now()).kind !== 'active'
  const held = textsOf(user, 'roles')
  const mayRoles = isBelow && mayAct(call, 'roles')
  const acting = actingRoles({ kind: 'caller', subject: person })
  const mine = [...policy.roles.values()].filter(({ name }) => mayRoles && managesRole(policy, acting, name))
  const choices = (which: 'held' | 'not held') => {
    const list = mine.filter(({ name }) => held.includes(name) === (which === 'held'))
    return list.map(({ name, displayName }) => ({ name, display: displayName }))
  }
  return {
    url: personUrl(gateway, target.id),
    kick: mayAct(call, 'kick') && reachFault(call, target, KICK) === null ? 'offered' : 'not',
    standing: !isBelow || !mayAct(call, 'ban') ? 'not' : isStopped ? 'stopped' : 'active',
    give: choices('not held'),
    take: choices('held'),
    typed,
  }
}

function sessionsOf({ gateway, query }: Visit, user: View, acts: PersonActs): PersonProps['sessions'] {
  const id = textOf(user, 'id') ?? ''
  const all = partsOf(user, 'sessions').toSorted((a, b) => {
    const [one, other] = [textOf(a, 'last_seen') ?? '', textOf(b, 'last_seen') ?? '']
    return one === other ? 0 : one < other ? 1 : -1
  })
  const wish = query.get('from') ?? ''
  const from = /^\d{1,6}$/.test(wish) && Number(wish) < all.length ? Number(wish) : 0
  const next = from + SHOWN
  return {
    list: all
      .slice(from, next)
      .map((session) => sessionEntry(session, acts.kick === 'offered' ? textOf(session, 'sid') : null)),
    total: all.length,
    firstUrl: from === 0 ? null : personUrl(gateway, id),
    nextUrl: next < all.length ? personUrl(gateway, id, { from: String(next) }) : null,
  }
}

function providerName({ gateway }: Visit, id: string): string {
  return gateway.providers.get(id)?.name ?? id
}

function propsOf(visit: Visit, user: View, { notice, status, typed }: Shown): PersonProps {
  const { call } = visit
  const target = asTarget(user)
  const acts = actsOf(visit, user, typed)
  const fault = reachFault(call, target, PEOPLE)
  const revokeUrl = mayAct(call, 'tokens') && fault !== 'outranked' ? acts.url : null
  return {
    areas: visit.areas,
    here: 'people',
    notice,
    status,
    id: target.id,
    name: textOf(user, 'name'),
    email: textOf(user, 'email'),
    guest: user['guest'] === true ? 'yes' : 'no',
    roles: textsOf(user, 'role_names'),
    unknownRoles: textsOf(user, 'unknown_roles'),
    level: user['level'] === null ? null : numberOf(user, 'level'),
    standing: standingOf(user, visit.gateway.runtime.now()),
    createdAt: textOf(user, 'created') ?? '',
    seenAt: textOf(user, 'last_sign_in') ?? '',
    identities: partsOf(user, 'identities').map((identity) => ({
      provider: providerName(visit, textOf(identity, 'provider') ?? ''),
      name: textOf(identity, 'name'),
      primary: identity['primary'] === true ? 'yes' : 'no',
    })),
    openSockets: user['open_sockets'] === null ? null : numberOf(user, 'open_sockets'),
    sessions: sessionsOf(visit, user, acts),
    tokens: partsOf(user, 'tokens')
      .slice(0, SHOWN_TOKENS)
      .map((token) => ({
        id: textOf(token, 'id') ?? '',
        name: textOf(token, 'name') ?? '',
        endsAt: textOf(token, 'expires'),
        usedAt: textOf(token, 'last_used'),
        revokeUrl,
      })),
    reach: fault === null ? 'theirs' : fault === 'own-account' ? 'own' : 'above',
    acts,
  }
}

/** The id of the person that the address names. */
export function personNamed({ ask }: Visit): string {
  return ask.target.segments.at(-1) ?? ''
}

/** The page about a person, as it is now. */
export async function showPerson(visit: Visit, shown: Shown): Promise<Answer> {
  const id = personNamed(visit)
  const found = await run(visit, 'users.show', { user: id })
  if (!found.ok)
    return refusedPage(
      visit,
      found.fault.fault === 'bad-body' ? { ...found.fault, fault: 'unknown-user' } : found.fault,
    )
  const props = propsOf(visit, found.value, shown)
  return page(visit, (frame) => adminPerson(frame, props))
}

/** `GET {prefix}/admin/users/<id>`: one person; it changes nothing, whatever its query says. */
export const personPage: OwnEndpoint = adminPage('person', async (visit) => {
  const notice = await doneNotice(visit, personNamed(visit))
  return showPerson(visit, { notice, status: 200, typed: NOTHING_TYPED })
})
