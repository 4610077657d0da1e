import type { Answer } from '../../core/answer.ts'
import { FAULTS } from '../../core/fault.ts'
import {
  type AdminPolicyProps,
  adminPolicy,
  type RouteRow,
  type WhyShown,
  type WhyTyped,
} from '../../pages/admin/policy.ts'
import type { OwnEndpoint } from '../../ports/front.ts'
import type { Outcome } from '../operations/call.ts'
import type { View } from '../operations/views.ts'
import { numberOf, partsOf, textOf, textsOf } from './read.ts'
import { adminPage, adminUrl, page, refusedPage, run, type Visit } from './visit.ts'

/** Rules on one page, so that it stays small. */
const SHOWN = 10

function routeRow(route: View): RouteRow {
  const mode = textOf(route, 'mode') === 'shadow' ? ['shadow'] : []
  return {
    rule: textOf(route, 'rule') ?? '',
    at: textOf(route, 'at') ?? '',
    needs: [...mode, ...textsOf(route, 'needs')],
    who: textsOf(route, 'who'),
    unsure: textsOf(route, 'unsure'),
  }
}

function whyShown(answer: View): WhyShown {
  return {
    rule: textOf(answer, 'rule'),
    at: textOf(answer, 'at'),
    why: textOf(answer, 'why') ?? '',
    status: answer['status'] === null ? null : numberOf(answer, 'status'),
    steps: partsOf(answer, 'steps').map((step) => ({
      check: textOf(step, 'check') ?? '',
      holds: step['holds'] === true ? 'yes' : 'no',
      detail: textOf(step, 'detail') ?? '',
    })),
    beside: partsOf(answer, 'beside').map((other) => ({
      rule: textOf(other, 'rule') ?? '',
      why: textOf(other, 'why') ?? '',
    })),
  }
}

function typedIn({ query, gateway }: Visit): WhyTyped {
  const of = (name: string) => (query.get(name) ?? '').trim()
  return { method: of('method') || 'GET', path: of('path'), host: of('host') || gateway.config.host, user: of('user') }
}

/** The rules of this page; none while a request is asked about. */
async function routesOf(
  visit: Visit,
  isAsking: boolean,
): Promise<Outcome<Pick<AdminPolicyProps, 'routes' | 'firstUrl' | 'nextUrl'>>> {
  if (isAsking) return { ok: true, value: { routes: [], firstUrl: null, nextUrl: null } }
  const after = visit.query.get('after')
  const listed = await run(visit, 'policies.routes', { after, limit: SHOWN })
  if (!listed.ok) return listed
  const next = textOf(listed.value, 'next')
  const url = (query: Readonly<Record<string, string>>) => adminUrl(visit.gateway, '/policy', query)
  return {
    ok: true,
    value: {
      routes: partsOf(listed.value, 'routes').map(routeRow),
      firstUrl: after === null ? null : url({}),
      nextUrl: next === null ? null : url({ after: next }),
    },
  }
}

async function showPolicy(visit: Visit): Promise<Answer> {
  const { gateway, areas } = visit
  const { config } = gateway
  const typed = typedIn(visit)
  const isAsking = typed.path !== ''
  const status = await run(visit, 'policies.status', {})
  if (!status.ok) return refusedPage(visit, status.fault)
  const routes = await routesOf(visit, isAsking)
  if (!routes.ok) return refusedPage(visit, routes.fault)
  const { user, ...request } = typed
  const asked = isAsking ? await run(visit, 'policies.explain', { ...request, user: user === '' ? null : user }) : null
  const isWrong = asked !== null && !asked.ok
  if (isWrong && asked.fault.fault === 'permission-denied') return refusedPage(visit, asked.fault)
  const props = {
    areas,
    here: 'policy',
    notice: isWrong ? ({ kind: 'refused', key: 'admin.no-request' } as const) : null,
    status: isWrong ? FAULTS[asked.fault.fault].status : 200,
    hash: textOf(status.value, 'serving') ?? '',
    rules: numberOf(status.value, 'rules'),
    pushed: textOf(status.value, 'pushed'),
    waits: textOf(status.value, 'waits') === null ? 'no' : 'yes',
    problem: textOf(status.value, 'problem'),
    url: adminUrl(gateway, '/policy'),
    typed,
    hosts: [...new Set([config.host, ...config.hosts])],
    why: asked?.ok === true ? whyShown(asked.value) : null,
    ...routes.value,
  } as const
  return page(visit, (frame) => adminPolicy(frame, props))
}

/** `GET {prefix}/admin/policy`: the policy in force, its rules, and why a request gets its answer. */
export const policyPage: OwnEndpoint = adminPage('policy', showPolicy)
