import type { Answer } from '../core/answer.ts'
import type { Ask } from '../core/ask.ts'
import type { FaultKind } from '../core/fault.ts'
import { ok, type Result } from '../core/result.ts'
import { refuse } from '../pages/refuse.ts'
import type { Gateway } from '../ports/gateway.ts'
import { askingSubject } from './actor.ts'
import { readJson } from './body.ts'
import type { Actor, Call } from './operations/call.ts'
import type { Operation } from './operations/define.ts'
import { OPERATIONS, perform, unknownOperation } from './operations/table.ts'
import { fault, oddQuery, report, respond } from './respond.ts'

const MOST_BODY = 64 * 1024
/** Inputs that are numbers, as a query spells them. */
const NUMERIC: ReadonlySet<string> = new Set(['limit'])

/**
 * The operations for people and their tokens: `{prefix}/admin/api/<operation>`; reading ones also by GET with the input as
 * query. Each call is judged by permission, and by level where it is about somebody.
 */
export async function adminApi(ask: Ask, gateway: Gateway, request: Request): Promise<Answer> {
  const began = gateway.runtime.ticks()
  const name = ask.target.segments.at(-1) ?? ''
  const operation = OPERATIONS.get(name)
  if (operation === undefined) return respond(ask, unknownOperation(name))
  // ATTACK: before anybody is asked for: a body that is held back must not keep what its sender loses meanwhile.
  const body = ask.method === 'POST' ? await readJson(request, MOST_BODY) : ok(null)
  const asking = await askingSubject(ask, gateway, 'any')
  const rule = `admin:${name}`
  if ('answer' in asking) return report(ask, gateway, rule, null, asking.answer, began)
  const actor: Actor = { kind: 'caller', subject: asking.subject }
  return report(ask, gateway, rule, actor, await serve(ask, gateway, body, operation, actor), began)
}

async function serve(
  ask: Ask,
  gateway: Gateway,
  body: Result<unknown, FaultKind>,
  operation: Operation,
  actor: Actor,
): Promise<Answer> {
  const call: Call = { gateway, requestId: ask.requestId, actor, mode: 'do' }
  if (ask.method === 'GET' && operation.effect === 'read')
    return respond(ask, await perform(operation, call, queryInput(ask.target.query)))
  if (ask.method !== 'POST') {
    const allow = operation.effect === 'read' ? 'GET, POST' : 'POST'
    return refuse(ask, gateway, 'method-not-allowed', { headers: [['allow', allow]], as: 'program' })
  }
  const odd = oddQuery(
    ask,
    operation,
    null,
    'leave the query out: the input is the JSON body, and only the operator door rehearses',
  )
  if (odd !== null) return odd
  if (!body.ok) return fault(ask, body.fault, 'send one JSON object as application/json')
  return respond(ask, await perform(operation, call, body.value))
}

function queryInput(query: string): Readonly<Record<string, unknown>> {
  const entries = [...new URLSearchParams(query)].map(([name, value]): [string, unknown] => {
    return [name, NUMERIC.has(name) && /^\d{1,9}$/.test(value) ? Number(value) : value]
  })
  return Object.fromEntries(entries)
}
