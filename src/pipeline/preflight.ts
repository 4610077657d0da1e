import type { Answer } from '../core/answer.ts'
import type { Ask } from '../core/ask.ts'
import { matchRule } from '../policy/policy.ts'
import type { Gateway } from '../ports/gateway.ts'

/** Whether this is a CORS preflight: OPTIONS with Origin and Access-Control-Request-Method. */
export function isPreflight(ask: Ask): boolean {
  return ask.method === 'OPTIONS' && ask.browser.origin !== null && ask.browser.preflight !== null
}

/**
 * The answer to a preflight from the origins of the rule it is about; null when the rule names none, so that the
 * upstream answers for itself. Preflights are never challenged (DECISIONS 27).
 *
 * @see Fetch standard, section 3.2 (CORS protocol)
 */
export function preflight(ask: Ask, gateway: Gateway): Answer | null {
  const { origin, preflight: method } = ask.browser
  if (origin === null || method === null || !/^[A-Z]{1,20}$/.test(method)) return null
  const match = matchRule(gateway.policy(), { host: ask.host, target: ask.target, method })
  const rule = match.kind === 'rule' ? match.rule : null
  if (rule === null || rule.origins.length === 0) return null
  const allowed = rule.origins.includes(origin)
  const grant: readonly (readonly [string, string])[] = [
    ['access-control-allow-origin', origin],
    ['access-control-allow-credentials', 'true'],
    ['access-control-allow-methods', method],
    ['access-control-allow-headers', 'content-type, authorization, x-api-token, x-requested-with'],
    ['access-control-max-age', '600'],
  ]
  return {
    status: 204,
    headers: [['vary', 'origin, access-control-request-method'], ...(allowed ? grant : [])],
    body: null,
  }
}
