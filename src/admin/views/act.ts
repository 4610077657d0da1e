import type { Answer } from '../../core/answer.ts'
import { FAULTS } from '../../core/fault.ts'
import { adminConfirm, type Deed } from '../../pages/admin/confirm.ts'
import type { Notice } from '../../pages/admin/parts.ts'
import type { Typed } from '../../pages/admin/person.ts'
import { refuse } from '../../pages/refuse.ts'
import type { OwnEndpoint } from '../../ports/front.ts'
import type { Refusal } from '../operations/call.ts'
import type { View } from '../operations/views.ts'
import { type Done, redirectDone } from './done.ts'
import { personNamed, showPerson } from './person.ts'
import { numberOf, partsOf, textOf, textsOf } from './read.ts'
import { isSealed, sealOf } from './seal.ts'
import { adminPage, page, personUrl, refusedPage, run, type Visit } from './visit.ts'

/** Deeds that are confirmed, by the name their form sends, with the operation that does each. */
const CONFIRMED = {
  kick: 'users.kick',
  suspend: 'users.suspend',
  ban: 'users.ban',
  restore: 'users.unban',
  give: 'roles.assign',
  take: 'roles.remove',
} as const
type Confirmed = keyof typeof CONFIRMED

function isConfirmed(name: string): name is Confirmed {
  return Object.hasOwn(CONFIRMED, name)
}

function typedOf({ form }: Visit): Typed & { readonly role: string } {
  const [reason = '', until = '', role = ''] = ['reason', 'until', 'role'].map((name) => form.get(name) ?? '')
  return { reason, until, role }
}

/** A moment as the field for one writes it, without a zone: the page says that it is UTC. */
function utc(until: string): string {
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?$/.test(until) ? `${until}Z` : until
}

function inputOf(visit: Visit, deed: Confirmed): Readonly<Record<string, unknown>> {
  const { reason, until, role } = typedOf(visit)
  const user = personNamed(visit)
  if (deed === 'suspend') return { user, reason: reason.trim(), until: utc(until) }
  if (deed === 'ban') return { user, reason: reason.trim() }
  return deed === 'give' || deed === 'take' ? { user, role } : { user }
}

/** What a form that was refused can be told, by what was wrong with it. */
const TOLD: Readonly<Partial<Record<Refusal['fault'], Notice['key']>>> = {
  'own-account': 'admin.not-own',
  outranked: 'admin.not-below',
  'role-too-high': 'admin.not-below',
  'unknown-role': 'admin.no-role',
  'last-admin': 'admin.not-last',
  'not-found': 'admin.done-gone',
}

/** What a page says about a refusal that a form met; null when it has a page of its own. */
export function noticeOf({ fault, members }: Refusal): Notice | null {
  const told = TOLD[fault]
  if (told !== undefined) return { kind: 'refused', key: told }
  if (fault !== 'bad-body') return null
  const wrong = [textOf(members, 'where'), ...partsOf(members, 'problems').map((one) => textOf(one, 'where'))]
  return {
    kind: 'refused',
    key: wrong.includes('until') ? 'admin.no-until' : wrong.includes('reason') ? 'admin.no-reason' : 'admin.no-form',
  }
}

/** The page about the person again, with what was typed, and why nothing was done. */
async function refusedForm(visit: Visit, refusal: Refusal): Promise<Answer> {
  const notice = noticeOf(refusal)
  if (notice === null) return refusedPage(visit, refusal)
  return showPerson(visit, { notice, status: FAULTS[refusal.fault].status, typed: typedOf(visit) })
}

/** What a confirmation is about: if any of it has changed, it is asked for anew. */
function wordsOf(visit: Visit, user: View, deed: Confirmed): readonly string[] {
  const state = [user['roles'], user['primary_role'], user['standing'], user['name']]
  return ['confirm', deed, JSON.stringify(inputOf(visit, deed)), JSON.stringify(state)]
}

function deedOf(visit: Visit, deed: Confirmed, planned: View): Deed {
  const { roles } = visit.gateway.policy()
  const named = (key: string) =>
    textsOf(planned, key).map((role) => [...roles.values()].find(({ name }) => name === role)?.displayName ?? role)
  if (deed === 'kick' || deed === 'restore') return { kind: deed }
  if (deed === 'give' || deed === 'take') return { kind: deed, added: named('added'), removed: named('removed') }
  const reason = typedOf(visit).reason.trim()
  return deed === 'ban' ? { kind: deed, reason } : { kind: deed, reason, until: textOf(planned, 'until') ?? '' }
}

/**
 * Asks once more, then does it. What was confirmed is sealed with the state of the person it was confirmed for.
 *
 * ATTACK: a form that was made by hand, is old, or was confirmed before somebody else changed the person only leads to the
 * page that asks.
 */
async function confirmed(visit: Visit, deed: Confirmed): Promise<Answer> {
  const { form, gateway } = visit
  const input = inputOf(visit, deed)
  const planned = await run(visit, CONFIRMED[deed], input, 'rehearse')
  if (!planned.ok) return refusedForm(visit, planned.fault)
  const found = await run(visit, 'users.show', { user: personNamed(visit) })
  if (!found.ok) return refusedPage(visit, found.fault)
  const words = wordsOf(visit, found.value, deed)
  const given = form.get('seal')
  if (given !== null && (await isSealed(visit, words, given))) return perform(visit, deed, input)
  const id = personNamed(visit)
  const { reason, until, role } = typedOf(visit)
  const typed = Object.fromEntries(Object.entries({ reason, until, role }).filter(([, value]) => value !== ''))
  const props = {
    notice: given === null ? null : ({ kind: 'refused', key: 'admin.changed' } as const),
    status: given === null ? 200 : 409,
    name: textOf(found.value, 'name'),
    id,
    deed: deedOf(visit, deed, planned.value),
    sessions: partsOf(found.value, 'sessions').length,
    url: personUrl(gateway, id),
    fields: { do: deed, ...typed, seal: await sealOf(visit, words) },
    cancelUrl: personUrl(gateway, id),
  }
  return page(visit, (frame) => adminConfirm(frame, props))
}

async function perform(visit: Visit, deed: Confirmed, input: Readonly<Record<string, unknown>>): Promise<Answer> {
  const outcome = await run(visit, CONFIRMED[deed], input)
  if (!outcome.ok) return refusedForm(visit, outcome.fault)
  const ended = numberOf(outcome.value, deed === 'kick' ? 'ended' : 'sessions_ended')
  return done(visit, deed, ended)
}

function done(visit: Visit, what: Done, count: number): Promise<Answer> {
  const id = personNamed(visit)
  return redirectDone(visit, personUrl(visit.gateway, id), id, what, count)
}

/** Ends one thing of the person that the button names: nothing that is over by itself is worth a question. */
async function endOne(visit: Visit, what: 'session' | 'token'): Promise<Answer> {
  const user = personNamed(visit)
  const named = { user, [what]: visit.form.get(what) ?? '' }
  const outcome = await run(visit, what === 'session' ? 'sessions.revoke' : 'tokens.revoke', named)
  if (!outcome.ok) return refusedForm(visit, outcome.fault)
  return done(visit, what === 'session' && outcome.value['ended'] !== true ? 'gone' : what, 1)
}

/** `POST {prefix}/admin/users/<id>`: every form of the page about a person; `do` says which. */
export const actOnPerson: OwnEndpoint = adminPage('act', async (visit) => {
  const deed = visit.form.get('do') ?? ''
  if (deed === 'session' || deed === 'token') return endOne(visit, deed)
  if (isConfirmed(deed)) return confirmed(visit, deed)
  return refuse(visit.ask, visit.gateway, 'bad-body', { subject: visit.person })
})
