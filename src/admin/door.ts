import { countedAs } from '../core/address.ts'
import type { Answer } from '../core/answer.ts'
import type { Ask } from '../core/ask.ts'
import { seconds } from '../core/brand.ts'
import { equalSecrets } from '../core/bytes.ts'
import { refuse } from '../pages/refuse.ts'
import type { Gateway } from '../ports/gateway.ts'
import { readJson } from './body.ts'
import { type Actor, type Call, noteOf } from './operations/call.ts'
import { OPERATIONS, perform, unknownOperation } from './operations/table.ts'
import { fault, oddQuery, report, respond } from './respond.ts'

const OPERATOR: Actor = { kind: 'operator' }
const MINUTE = seconds(60)
/** Wrong keys and calls a client may send in a minute, told by its address. */
const MOST_WRONG = 20
const MOST_CALLS = 600
/** A policy of 10,000 rules; everything else is small. */
const MOST_BUNDLE = 16 * 1024 * 1024
const MOST_BODY = 64 * 1024
/** The query of a call that checks everything and changes nothing. */
const REHEARSE = '?dry_run=1'

/**
 * The operator door: `POST {prefix}/operator/v1/<operation>`, JSON in and out, for the holder of `POSTERN_OPERATOR_KEY`
 * (DECISIONS 12). Without a key in the deployment there is no door.
 */
export async function operatorDoor(ask: Ask, gateway: Gateway, request: Request): Promise<Answer> {
  const began = gateway.runtime.ticks()
  if (gateway.operatorKey === null) return refuse(ask, gateway, 'not-found')
  const name = ask.target.segments.at(-1) ?? ''
  const operation = OPERATIONS.get(name)
  const rule = `operator:${operation?.name ?? 'unknown'}`
  const shut = await shutDoor(ask, gateway, gateway.operatorKey)
  if (shut !== null) return report(ask, gateway, rule, null, shut, began)
  return report(ask, gateway, rule, OPERATOR, await serve(ask, gateway, request, name), began)
}

async function shutDoor(ask: Ask, gateway: Gateway, key: string): Promise<Answer | null> {
  const { browser, credentials } = ask
  // ATTACK: a browser that is talked into calling us sends one of these; the command line sends none.
  const isBrowser = credentials.cookie !== null || browser.origin !== null || browser.site !== null
  if (isBrowser) return fault(ask, 'cross-site', 'call without Cookie and Origin headers: this is no door for browsers')
  const given = /^Bearer ([A-Za-z0-9_-]{1,256})$/i.exec(credentials.authorization ?? '')?.[1] ?? ''
  const isKey = await equalSecrets(given, key)
  const { name, share } = countedAs(ask.address)
  const bucket = `operator${isKey ? '' : '-refused'}:${name}`
  const { allowed, retryAfter } = await gateway.store.rates.hit(
    bucket,
    (isKey ? MOST_CALLS : MOST_WRONG) * share,
    MINUTE,
    gateway.runtime.now(),
  )
  if (!allowed) return fault(ask, 'rate-limited', 'wait a moment', [['retry-after', String(Math.max(1, retryAfter))]])
  if (!isKey) {
    const hint = 'send Authorization: Bearer with the value of POSTERN_OPERATOR_KEY of this deployment'
    return fault(ask, 'token-invalid', hint, [['www-authenticate', 'Bearer realm="postern operator"']])
  }
  if (ask.method !== 'POST') return fault(ask, 'method-not-allowed', 'send a POST', [['allow', 'POST']])
  return null
}

async function serve(ask: Ask, gateway: Gateway, request: Request, name: string): Promise<Answer> {
  const operation = OPERATIONS.get(name)
  if (operation === undefined) return respond(ask, unknownOperation(name))
  const body = await readJson(request, name === 'policies.push' ? MOST_BUNDLE : MOST_BODY)
  if (!body.ok) return fault(ask, body.fault, 'send one JSON object as application/json')
  const hint = `send ${REHEARSE} to rehearse, and nothing else in the query: the input is the JSON body`
  const odd = oddQuery(ask, operation, REHEARSE, hint)
  if (odd !== null) return odd
  const rehearses = ask.target.query === REHEARSE
  const call: Call = { gateway, requestId: ask.requestId, actor: OPERATOR, mode: rehearses ? 'rehearse' : 'do' }
  // INVARIANT: no call without a record: when it cannot be written, nothing is done.
  await gateway.store.audit.append(noteOf(call, 'operator-called', null, { operation: name, dry_run: rehearses }))
  return respond(ask, await perform(operation, call, body.value))
}
