import { toResponse } from '../core/answer.ts'
import type { Ask } from '../core/ask.ts'
import type { Rule } from '../policy/model.ts'
import type { Gateway } from '../ports/gateway.ts'
import { answer } from './answer.ts'
import { afterSuccess, readsAnswer, readsRequest } from './capture.ts'
import { type Allowed, forward, type Passage } from './forward.ts'
import type { HeldBody } from './held-body.ts'
import { settleQuota } from './limits.ts'

/** Whether something of a rule's requests or answers is looked at on their way: all others are streamed past. */
export function isWatched(rule: Rule, ask: Ask): boolean {
  return (
    rule.body !== null ||
    rule.quota !== null ||
    rule.onSuccess !== null ||
    // WHY: a length that was declared is held to by the server that parsed it.
    (rule.maxBody !== null && ask.contentLength === null)
  )
}

/** How a watched rule wants its answer: uncoded, where something is read out of it (DECISIONS 23). */
function* uncoded(headers: Passage['headers']): Generator<readonly [string, string]> {
  for (const pair of headers) if (pair[0].toLowerCase() !== 'accept-encoding') yield pair
}

/**
 * Sends a request of a watched rule on: its body counted, its answer read where the rule says so, its quota settled.
 *
 * @throws UpstreamFailed
 */
export function forwardWatched(
  passage: Omit<Passage, 'body'>,
  held: HeldBody,
  ask: Ask,
  gateway: Gateway,
  allowed: Allowed,
): Promise<Response> {
  const work = watched(passage, held, ask, gateway, allowed)
  // WHY: where a request ends with its client, what came of it must be written down all the same.
  gateway.runtime.background(work.catch(() => undefined))
  return work
}

async function watched(
  passage: Omit<Passage, 'body'>,
  held: HeldBody,
  ask: Ask,
  gateway: Gateway,
  allowed: Allowed,
): Promise<Response> {
  const { rule, subject } = allowed
  const reads = readsAnswer(rule)
  let response: Response
  try {
    if (readsRequest(rule)) await held.json()
    const headers = reads ? uncoded(passage.headers) : passage.headers
    const signal = passage.signal === null ? held.broken : AbortSignal.any([passage.signal, held.broken])
    const original = reads ? null : passage.original
    const onward = { ...passage, headers, original, signal, body: held.outgoing(rule.maxBody) }
    response = await forward(onward, ask, gateway, allowed, reads ? [['accept-encoding', 'identity']] : [])
  } catch (error) {
    await settleQuota(gateway, allowed, 'failure')
    if (!held.isOver || rule.maxBody === null) throw error
    const limit = { kind: 'body-too-large', most: rule.maxBody } as const
    const refusal = toResponse(answer({ kind: 'limited', rule, subject, limit }, ask, gateway))
    return new Response(held.farewell(await refusal.text()), refusal)
  }
  return settled(response, held, ask, gateway, allowed)
}

/**
 * What comes of an answer of a watched rule: its quota is settled, and what the rule does on a 2xx is done.
 *
 * @throws StoreUnavailable as `afterSuccess`
 */
export async function settled(
  response: Response,
  held: HeldBody,
  ask: Ask,
  gateway: Gateway,
  allowed: Allowed,
): Promise<Response> {
  await settleQuota(gateway, allowed, response.ok ? 'success' : 'failure')
  return response.ok ? afterSuccess(response, held, ask, gateway, allowed) : response
}
