import type { Permission } from '../core/brand.ts'
import type { Subject } from '../core/person.ts'
import type { ConditionContext } from './condition.ts'
import type { Decision, ForbidReason } from './decision.ts'
import type { Demands, Rule } from './model.ts'
import type { Note } from './note.ts'
import { effective, hasPermission, type RoleBook } from './permissions.ts'
import type { PreparedDemands } from './prepare.ts'

/** The signed-in caller that demands are held against. */
export interface Demanded {
  readonly policy: RoleBook
  readonly rule: Rule
  readonly subject: Subject
  readonly note: Note | null
  /** Made only when a condition asks for it. */
  readonly context: () => ConditionContext
}

const NONE: readonly Permission[] = []

function forbid(
  rule: Rule,
  reason: ForbidReason,
  missing: readonly Permission[] = NONE,
  level: number | null = null,
): Decision {
  return { kind: 'forbid', rule, reason, missing, level }
}

function judgePermissions(of: Demanded, demands: Demands): Decision | null {
  const { policy, rule, subject, note } = of
  if (demands.anyPermission.length > 0) {
    const holds = demands.anyPermission.some((permission) => hasPermission(policy, subject, permission))
    note?.({ check: 'anyPermission', holds, detail: demands.anyPermission.join(', ') })
    if (!holds) return forbid(rule, 'permission', demands.anyPermission)
  }
  if (demands.allPermissions.length === 0) return null
  const missing = demands.allPermissions.filter((permission) => !hasPermission(policy, subject, permission))
  note?.({ check: 'allPermissions', holds: missing.length === 0, detail: demands.allPermissions.join(', ') })
  return missing.length === 0 ? null : forbid(rule, 'permission', missing)
}

/** True when the token is limited to scopes and nothing here asks for a permission that the scopes could limit. */
function isBeyondScopes(subject: Subject, demands: Demands): boolean {
  if (subject.kind === 'session') return false
  if (subject.kind === 'fixed-token') return true
  return subject.token.scopes !== null && demands.anyPermission.length === 0 && demands.allPermissions.length === 0
}

function judgeRank(of: Demanded, demands: Demands): Decision | null {
  const { policy, rule, subject, note } = of
  if (demands.roles.length === 0 && demands.minLevel === null) return null
  // ATTACK: a token limited to one permission must not open a door that asks only for its owner's role.
  if (subject.kind === 'fixed-token' || isBeyondScopes(subject, demands)) {
    note?.({ check: 'role', holds: false, detail: 'a limited token has no role and no level' })
    return forbid(rule, 'token-refused')
  }
  if (demands.roles.length > 0) {
    const holds = demands.roles.some((role) => policy.roles.has(role) && subject.user.roles.includes(role))
    note?.({ check: 'role', holds, detail: demands.roles.join(', ') })
    if (!holds) return forbid(rule, 'role')
  }
  if (demands.minLevel === null) return null
  const { level } = effective(policy, subject.user.roles)
  const holds = level !== null && level >= demands.minLevel
  note?.({ check: 'minLevel', holds, detail: `${level ?? 'no level'}, ${demands.minLevel} asked` })
  return holds ? null : forbid(rule, 'level', NONE, demands.minLevel)
}

/** Holds a signed-in caller against what a rule demands; null when every part holds. The character is judged last, elsewhere. */
export function judgeDemands(of: Demanded, prepared: PreparedDemands): Decision | null {
  const { demands, condition } = prepared
  const refused = judgePermissions(of, demands) ?? judgeRank(of, demands)
  if (refused !== null || condition === null) return refused
  const { holds, error } = condition.judge(of.context())
  of.note?.({ check: 'when', holds, detail: error === null ? (demands.when ?? '') : `${demands.when ?? ''}: ${error}` })
  return holds ? null : forbid(of.rule, 'condition')
}
