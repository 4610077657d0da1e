import type { Answer } from '../core/answer.ts'
import type { Ask } from '../core/ask.ts'
import { refuse } from '../pages/refuse.ts'
import { hasPermission } from '../policy/permissions.ts'
import type { Gateway } from '../ports/gateway.ts'
import { StoreUnavailable } from '../ports/store.ts'
import { askingSubject } from './actor.ts'
import { takesChanges } from './readiness.ts'

/**
 * `GET {prefix}/metrics`: the counters of this process as Prometheus text, for whoever holds the permission of `system`; a
 * static token of the configuration is the usual way (DECISIONS 27).
 */
export async function metrics(ask: Ask, gateway: Gateway): Promise<Answer> {
  const asking = await askingSubject(ask, gateway, 'any')
  if ('answer' in asking) return asking.answer
  const permission = gateway.config.adminPermissions.system
  if (!hasPermission(gateway.policy(), asking.subject, permission))
    return refuse(ask, gateway, 'permission-denied', { members: { missing: [permission] }, as: 'program' })
  return {
    status: 200,
    headers: [
      ['content-type', 'text/plain; version=0.0.4; charset=utf-8'],
      ['cache-control', 'no-store'],
      ['x-content-type-options', 'nosniff'],
    ],
    body: `${gateway.metrics.text()}${policyInfo(gateway)}${upstreamInfo(gateway)}${await sessionGauges(gateway)}`,
  }
}

function gauge(name: string, help: string, labels: string, value: number): string {
  return `# HELP ${name} ${help}\n# TYPE ${name} gauge\n${name}${labels} ${value}\n`
}

function policyInfo(gateway: Gateway): string {
  const { hash, rules } = gateway.policy().bundle
  const degraded = gateway.degraded() === null ? 0 : 1
  return (
    gauge('postern_policy_info', 'The policy in force.', `{hash="${hash}"}`, 1) +
    gauge('postern_policy_rules', 'Rules of the policy in force.', '', rules.length) +
    gauge('postern_degraded', '1 while a newer policy was refused.', '', degraded)
  )
}

/** Which upstreams connections come about to, by configured name. */
function upstreamInfo({ upstream }: Gateway): string {
  const states = upstream.health?.() ?? []
  if (states.length === 0) return ''
  const name = 'postern_upstream_up'
  const help = '1 while connections to the upstream come about; 0 while its breaker is not closed.'
  const lines = states.map((one) => `${name}{upstream="${one.name}"} ${one.state === 'closed' ? 1 : 0}\n`)
  return `# HELP ${name} ${help}\n# TYPE ${name} gauge\n${lines.join('')}`
}

const STORE_UP = '1 while the store answers and takes changes.'

/** Active and total sessions, from counters; left out while the store is silent, so that the rest is still told. */
async function sessionGauges(gateway: Gateway): Promise<string> {
  const { store, runtime, config } = gateway
  try {
    const [{ active, total }, isWritable] = await Promise.all([
      store.sessions.count(runtime.now(), config.session.activityWindowSeconds),
      takesChanges(gateway),
    ])
    return (
      gauge('postern_store_up', STORE_UP, '', isWritable ? 1 : 0) +
      gauge('postern_sessions_active', 'Sessions used within the activity window.', '', active) +
      gauge('postern_sessions_total', 'Sessions that are not over.', '', total)
    )
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) throw error
    runtime.observe({ kind: 'store-unavailable', operation: error.operation, reason: error.message })
    return gauge('postern_store_up', STORE_UP, '', 0)
  }
}
