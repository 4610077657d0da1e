import type { Ask } from '../core/ask.ts'
import type { Character, Subject } from '../core/person.ts'
import { err, ok, type Result } from '../core/result.ts'
import type { OnSuccess, Rule, Source } from '../policy/model.ts'
import type { AuditEvent, AuditNote } from '../ports/audit.ts'
import type { Gateway } from '../ports/gateway.ts'
import { note } from '../session/note.ts'
import { endedCookies } from '../session/open.ts'
import { type Allowed, timeoutOf, upstreamOf } from './forward.ts'
import { type HeldAnswer, heldAnswer } from './held-answer.ts'
import type { HeldBody } from './held-body.ts'
import { type Member, membersOf, onlyMember } from './json-members.ts'
import { accountOf } from './limits.ts'

type Select = Extract<OnSuccess, { readonly kind: 'select' }>
type Signed = Extract<Subject, { readonly kind: 'session' }>

function sourcesOf({ onSuccess }: Rule): readonly Source[] {
  if (onSuccess?.kind !== 'select') return []
  const { id, world, characterName } = onSuccess
  return characterName === null ? [id, world] : [id, world, characterName]
}

/** Whether a rule takes something out of its requests. */
export function readsRequest(rule: Rule): boolean {
  return sourcesOf(rule).some(({ from }) => from === 'request')
}

/** Whether a rule takes something out of its answers. */
export function readsAnswer(rule: Rule): boolean {
  return sourcesOf(rule).some(({ from }) => from === 'answer')
}

/**
 * Does what the rule says a 2xx of the upstream does, and waits for the store before the answer goes on, unchanged
 * (seeds C3, C5, C6). A value that is missing or odd leaves everything as it was, and is reported.
 *
 * @throws StoreUnavailable when it cannot be done: a success that did not happen is not told
 */
export async function afterSuccess(
  response: Response,
  held: HeldBody,
  ask: Ask,
  gateway: Gateway,
  { rule, subject }: Allowed,
): Promise<Response> {
  const act = rule.onSuccess
  if (act === null) return response
  const read = readsAnswer(rule) ? await readable(response, rule, gateway) : { response, bytes: err('unread') }
  const skipped =
    act.kind === 'set-attribute'
      ? await setAttribute(act, subject, ask, gateway)
      : await changeSession(act, { ask, rule, held, answer: read.bytes }, subject, gateway)
  if (skipped !== null)
    gateway.runtime.observe({ kind: 'onsuccess-skipped', requestId: ask.requestId, rule: rule.id, reason: skipped })
  return skipped === null && act.kind === 'sign-out' ? withoutSession(read.response, ask, gateway) : read.response
}

/** WHY: what a service may take to begin an answer it may take again to end one that is waited for. */
function readable(response: Response, rule: Rule, gateway: Gateway): Promise<HeldAnswer> {
  return heldAnswer(response, rule.upstream, timeoutOf(rule, upstreamOf(rule, gateway)))
}

interface Places {
  readonly ask: Ask
  readonly rule: Rule
  readonly held: HeldBody
  readonly answer: Result<Uint8Array, string>
}

/** Null when it was done, else why not. */
async function changeSession(
  act: Exclude<OnSuccess, { readonly kind: 'set-attribute' }>,
  places: Places,
  subject: Subject | null,
  gateway: Gateway,
): Promise<string | null> {
  if (subject?.kind !== 'session') return 'no-session'
  // INVARIANT: a replaced key reads, and nothing else (DECISIONS 5).
  if (subject.grace === true) return 'replaced-key'
  if (act.kind === 'sign-out') return signOut(places.ask, subject, gateway)
  const character = act.kind === 'deselect' ? ok(null) : await characterOf(act, places)
  if (!character.ok) return character.fault
  const { session, user } = subject
  const detail = { sid: session.sid, character: character.value?.id ?? null, world: character.value?.world ?? null }
  const audit = noted('character-selected', places.ask, subject, gateway, detail)
  const selected = await gateway.store.sessions.select(session.key, character.value, audit)
  gateway.sessions.drop(user.tag)
  return selected ? null : 'session-gone'
}

async function signOut(ask: Ask, subject: Signed, gateway: Gateway): Promise<null> {
  const { session, user } = subject
  const audit = noted('sign-out', ask, subject, gateway, { sid: session.sid, scope: 'this-device' })
  await gateway.store.sessions.revoke(session.key, 'signed-out', gateway.runtime.now(), audit)
  gateway.sessions.drop(user.tag)
  return null
}

function withoutSession(response: Response, ask: Ask, gateway: Gateway): Response {
  const headers = new Headers(response.headers)
  for (const [name, value] of endedCookies(ask, gateway)) headers.append(name, value)
  return new Response(response.body, { status: response.status, statusText: response.statusText, headers })
}

async function setAttribute(
  { name, value }: Extract<OnSuccess, { readonly kind: 'set-attribute' }>,
  subject: Subject | null,
  ask: Ask,
  gateway: Gateway,
): Promise<string | null> {
  const user = accountOf(subject)
  if (subject === null || user === null) return 'no-user'
  const declared = gateway.config.attributes[name]
  const isFit = typeof value === declared?.type && (typeof value !== 'string' || value.length <= declared.maxLength)
  if (!isFit) return 'attribute-not-declared'
  const audit = noted('attributes-changed', ask, subject, gateway, { [name]: value })
  const stored = await gateway.store.directory.setAttributes(user, { [name]: value }, audit)
  gateway.sessions.drop(user.tag)
  return stored === null ? 'no-user' : null
}

function noted(
  event: AuditEvent,
  ask: Ask,
  subject: Subject,
  gateway: Gateway,
  detail: AuditNote['detail'],
): AuditNote {
  const id = accountOf(subject)?.id ?? null
  const actor = subject.kind === 'session' ? (id ?? '') : `token:${subject.token.id}`
  return note(gateway, ask, event, actor, id, detail)
}

async function characterOf(act: Select, places: Places): Promise<Result<Character, string>> {
  const id = await valueAt(act.id, places)
  if (!id.ok) return id
  const world = await valueAt(act.world, places)
  if (!world.ok) return world
  const name = act.characterName === null ? ok('') : await valueAt(act.characterName, places)
  return name.ok ? ok({ id: id.value, world: world.value, name: name.value }) : name
}

/** One value as text; numbers as their decimal text (seeds C5). */
async function valueAt(source: Source, places: Places): Promise<Result<string, string>> {
  const where = `${source.from}.${source.name}`
  const found = source.from === 'path' ? pathValue(source.name, places) : await memberValue(source, places)
  if (!found.ok) return err(`${where} ${found.fault}`)
  return /^\P{Cc}{1,128}$/u.test(found.value) && found.value.trim() !== '' ? found : err(`${where} odd`)
}

function pathValue(name: string, { ask, rule }: Places): Result<string, string> {
  const index = rule.segments.findIndex((segment) => segment.kind === 'param' && segment.name === name)
  const segment = ask.target.segments[index]
  if (segment === undefined) return err('missing')
  // INVARIANT: the target is canonical: its escapes are well-formed UTF-8.
  return ok(decodeURIComponent(segment))
}

async function memberValue({ from, name }: Source, places: Places): Promise<Result<string, string>> {
  const bytes = from === 'request' ? await places.held.json() : places.answer
  if (!bytes.ok) return bytes
  const members = membersOf(bytes.value)
  const member: Member | string = members === null ? 'not-an-object' : onlyMember(members, name)
  if (typeof member === 'string') return err(member)
  if (/^-?(0|[1-9]\d*)(\.\d+)?$/.test(member.raw)) return ok(member.raw)
  const value: unknown = JSON.parse(member.raw)
  return typeof value === 'string' ? ok(value) : err('odd')
}
