import { isOfAnother } from '../../core/account-field.ts'
import { type Answer, redirect } from '../../core/answer.ts'
import type { Ask } from '../../core/ask.ts'
import { clientKind } from '../../core/client-kind.ts'
import type { FaultKind } from '../../core/fault.ts'
import type { Subject } from '../../core/person.ts'
import { adminReturn } from '../../core/redirect.ts'
import type { Result } from '../../core/result.ts'
import { openAreas } from '../../pages/admin/areas.ts'
import type { Area } from '../../pages/admin/parts.ts'
import { show } from '../../pages/frame.ts'
import type { Frame, Page } from '../../pages/layout.ts'
import { wayBack } from '../../pages/refusal.ts'
import { refuse } from '../../pages/refuse.ts'
import type { OwnEndpoint } from '../../ports/front.ts'
import type { Gateway } from '../../ports/gateway.ts'
import { askingSubject } from '../actor.ts'
import { readForm } from '../body.ts'
import type { Actor, Call, Outcome, Refusal } from '../operations/call.ts'
import { OPERATIONS, perform, unknownOperation } from '../operations/table.ts'
import type { View } from '../operations/views.ts'
import { report } from '../respond.ts'
import { viewOf } from './read.ts'

const MOST_FORM = 16 * 1024

/** One request for an administrative page by somebody who may see at least one. */
export interface Visit {
  readonly ask: Ask
  readonly gateway: Gateway
  readonly person: Extract<Subject, { readonly kind: 'session' }>
  readonly call: Call
  readonly areas: readonly Area[]
  readonly query: URLSearchParams
  /** Empty unless a form was posted. */
  readonly form: URLSearchParams
}

/** The address of an administrative page. */
export function adminUrl(
  { config }: Pick<Gateway, 'config'>,
  path: string,
  query: Readonly<Record<string, string>> = {},
): string {
  const told = new URLSearchParams(Object.entries(query).filter(([, value]) => value !== '')).toString()
  return `${config.prefix}/admin${path}${told === '' ? '' : `?${told}`}`
}

/** The address of the page about a person. */
export function personUrl(
  gateway: Pick<Gateway, 'config'>,
  id: string,
  query: Readonly<Record<string, string>> = {},
): string {
  return adminUrl(gateway, `/users/${encodeURIComponent(id)}`, query)
}

function areasOf(gateway: Gateway, person: Subject): readonly Area[] {
  return openAreas(gateway, person).map((name) => {
    return { name, url: adminUrl(gateway, name === 'people' ? '' : `/${name}`) }
  })
}

/**
 * A page for administrators. It takes a session alone; whoever is not signed in is sent to sign in and comes back, and
 * who may see nothing of it is told so. A form needs our own Origin, like every call of the API.
 */
export function adminPage(name: string, work: (visit: Visit) => Promise<Answer>): OwnEndpoint {
  return async (ask, gateway, request) => {
    const began = gateway.runtime.ticks()
    const rule = `admin-page:${name}`
    // ATTACK: before anybody is asked for: a form that is held back must not keep what its sender loses meanwhile.
    const form = await readForm(request, MOST_FORM)
    const asking = await askingSubject(ask, gateway, 'browser-only', 'as-asked')
    if ('answer' in asking) return report(ask, gateway, rule, null, signInFirst(ask, gateway, asking.answer), began)
    const actor: Actor = { kind: 'caller', subject: asking.subject }
    return report(ask, gateway, rule, actor, await serve(ask, gateway, form, actor, work), began)
  }
}

// WHY: a page visit is brought to the sign-in and back; a form that nobody sent is told of by the page that says so.
function signInFirst(ask: Ask, { config }: Gateway, answer: Answer): Answer {
  if (answer.status !== 401 || clientKind(ask) !== 'navigation') return answer
  const { path, query } = ask.target
  const here = adminReturn(`${path}${query}`, config.prefix) ?? adminReturn(path, config.prefix)
  return redirect(302, `${config.prefix}/sign-in?${wayBack(here ?? `${config.prefix}/admin`, config.prefix)}`, [
    ['vary', 'cookie'],
  ])
}

async function serve(
  ask: Ask,
  gateway: Gateway,
  form: Result<URLSearchParams, FaultKind>,
  actor: Extract<Actor, { kind: 'caller' }>,
  work: (visit: Visit) => Promise<Answer>,
): Promise<Answer> {
  const { subject: person } = actor
  if (person.kind !== 'session') return refuse(ask, gateway, 'session-required')
  const call: Call = { gateway, requestId: ask.requestId, actor, mode: 'do' }
  const areas = areasOf(gateway, person)
  if (!form.ok) return refuse(ask, gateway, form.fault, { subject: person })
  if (isOfAnother(form.value, person.user)) return refuse(ask, gateway, 'other-account', { subject: person })
  if (areas.length === 0) return forbidden({ ask, gateway, person }, [gateway.config.adminPermissions.users])
  return work({ ask, gateway, person, call, areas, query: new URLSearchParams(ask.target.query), form: form.value })
}

function forbidden({ ask, gateway, person }: Pick<Visit, 'ask' | 'gateway' | 'person'>, missing: unknown): Answer {
  const members = gateway.config.nameMissingPermission ? { missing } : {}
  return refuse(ask, gateway, 'permission-denied', { subject: person, members })
}

/** What an operation of the API says to this visitor. */
export async function run(
  { call }: Visit,
  name: string,
  input: unknown,
  mode: Call['mode'] = 'do',
): Promise<Outcome<View>> {
  const operation = OPERATIONS.get(name)
  if (operation === undefined) return unknownOperation(name)
  const outcome = await perform(operation, { ...call, mode }, input)
  return outcome.ok ? { ok: true, value: viewOf(outcome.value) } : outcome
}

/** The page of a refusal that no form can mend. */
export function refusedPage(visit: Visit, { fault, members }: Refusal): Answer {
  if (fault === 'permission-denied') return forbidden(visit, members['missing'])
  return refuse(visit.ask, visit.gateway, fault, { subject: visit.person })
}

/** The answer that shows a page to this visitor. */
export function page(visit: Visit, make: (frame: Frame) => Page): Answer {
  return show(visit.ask, visit.gateway, visit.person, make)
}
