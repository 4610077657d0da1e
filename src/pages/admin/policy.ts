import { type Frame, layOut, type Page } from '../layout.ts'
import { type Markup, markup, NOTHING, safeLink, shown } from '../markup.ts'
import { card } from '../parts.ts'
import { type Voice, voice } from '../voice.ts'
import {
  areaLinks,
  choice,
  field,
  type Notice,
  noticeLine,
  type Pager,
  type Place,
  pagerOf,
  tableOf,
  word,
} from './parts.ts'

/** One rule of the policy in force, in the words of its file. */
export interface RouteRow {
  readonly rule: string
  readonly at: string
  readonly needs: readonly string[]
  readonly who: readonly string[]
  readonly unsure: readonly string[]
}

/** A request somebody asks about, as it was typed. */
export interface WhyTyped {
  readonly method: string
  readonly path: string
  readonly host: string
  readonly user: string
}

/** Why a request gets its answer; `rule` and `status` are null where no rule is asked. */
export interface WhyShown {
  readonly rule: string | null
  readonly at: string | null
  readonly why: string
  readonly status: number | null
  readonly steps: readonly { readonly check: string; readonly holds: 'yes' | 'no'; readonly detail: string }[]
  readonly beside: readonly { readonly rule: string; readonly why: string }[]
}

/** Props of the page of the policy in force. Ten rules stay under 15 KB in every language. */
export interface AdminPolicyProps extends Place, Pager {
  readonly notice: Notice | null
  readonly status: number
  readonly hash: string
  readonly rules: number
  readonly pushed: string | null
  /** Whether edited files wait behind the pushed version. */
  readonly waits: 'yes' | 'no'
  readonly problem: string | null
  /** Takes what was typed by GET. */
  readonly url: string
  readonly typed: WhyTyped
  readonly hosts: readonly string[]
  readonly why: WhyShown | null
  /** Shown while no request is asked about. */
  readonly routes: readonly RouteRow[]
}

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']

function asked(props: AdminPolicyProps, say: Voice): Markup {
  const url = safeLink(props.url)
  if (url === null) return NOTHING
  const { typed } = props
  const options = (list: readonly string[]) => list.map((one) => ({ value: one, text: one }))
  const fields = [
    choice('why-method', say.say('admin.method'), options(METHODS), typed.method),
    field('why-path', say.say('admin.path'), typed.path, { most: 2048, needed: 'yes' }),
    props.hosts.length < 2 ? NOTHING : choice('why-host', say.say('admin.host'), options(props.hosts), typed.host),
    props.areas.some(({ name }) => name === 'people')
      ? field('why-user', say.say('admin.asker'), typed.user, { most: 64 })
      : NOTHING,
  ]
  return markup`<form class="list" method="get" action="${url}">${fields}<button class="button">${say.say('admin.explain')}</button></form>`
}

function answered(why: WhyShown, say: Voice): Markup {
  if (why.status === null)
    return markup`<p class="note care" role="status">${say.say('admin.no-rule', { why: shown(why.why, 300) })}</p>`
  const answer = say.say('admin.answer', { status: why.status, decision: word(why.why, 200) })
  const rule =
    why.rule === null
      ? NOTHING
      : markup`<p>${say.say('admin.rule')}: ${word(why.rule, 200)} <small>${shown(why.at ?? '', 200)}</small></p>`
  const steps = tableOf(
    {
      caption: say.say('admin.checks'),
      heads: [say.say('admin.check'), say.say('admin.holds'), say.say('admin.details')],
      rows: why.steps.map(({ check, holds, detail }) => [word(check), say.say(`admin.${holds}`), word(detail, 200)]),
    },
    say,
  )
  const others = why.beside.map((other) => markup`<li>${word(other.rule, 200)}: ${shown(other.why, 200)}</li>`)
  const beside =
    others.length === 0
      ? NOTHING
      : markup`<p class="soft">${say.say('admin.beside')}</p><ul class="dots">${others}</ul>`
  return markup`<p class="note" role="status">${answer}</p>${rule}${steps}${beside}`
}

function routesCard(props: AdminPolicyProps, say: Voice): Markup {
  const rows = props.routes.map((route) => {
    const who = route.who.length === 0 ? say.say('admin.nobody') : shown(route.who.join(', '), 160)
    const unsure =
      route.unsure.length === 0
        ? NOTHING
        : markup` <small>${say.say('admin.perhaps', { who: shown(route.unsure.join(', '), 160) })}</small>`
    const needs = markup`<br>${say.say('admin.needs')}: ${shown(route.needs.join('; '), 200)}`
    return [markup`${word(route.rule, 160)}<br><small>${shown(route.at, 120)}</small>${needs}`, markup`${who}${unsure}`]
  })
  const table = tableOf(
    {
      caption: say.say('admin.in-force'),
      heads: [say.say('admin.rule'), say.say('admin.passes')],
      rows,
    },
    say,
  )
  return card('rules', say.say('admin.rules'), markup`${table}${pagerOf(props, say)}`)
}

/** The policy in force, its rules, and why a request gets its answer. */
export function adminPolicy(frame: Frame, props: AdminPolicyProps): Page {
  const say = voice(frame.language)
  const { why } = props
  const pushed =
    props.pushed === null ? NOTHING : markup`<p class="small">${say.say('admin.pushed')}: ${word(props.pushed, 80)}</p>`
  const waits =
    props.waits === 'no'
      ? NOTHING
      : markup`<p class="note care">${say.say('admin.waits', { command: markup`<code>postern unpush</code>` })}</p>`
  const problem =
    props.problem === null
      ? NOTHING
      : markup`<p class="note care">${say.say('admin.problem')}: ${shown(props.problem, 300)}</p>`
  const result = why === null ? NOTHING : answered(why, say)
  return layOut(frame, {
    name: 'admin-policy',
    status: props.status,
    tone: props.notice?.kind === 'refused' ? 'stop' : 'calm',
    icon: 'key',
    heading: 'admin.policy',
    body: markup`${noticeLine(props.notice, say)}<p class="small">${say.say('admin.hash')}: ${word(props.hash, 80)}<br>${say.say('admin.rules')}: ${props.rules}</p>${pushed}${waits}${problem}`,
    beside: areaLinks(props, say),
    more: [
      card('why', say.say('admin.why'), markup`${result}${asked(props, say)}`),
      ...(props.typed.path === '' ? [routesCard(props, say)] : []),
    ],
    viewer: 'hidden',
    focus: 'none',
  })
}
