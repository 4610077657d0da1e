import type { Seconds } from '../../core/brand.ts'
import type { StandingShown } from '../../pages/admin/parts.ts'
import type { View } from '../operations/views.ts'

/** A member that is text; null when it is none. */
export function textOf(view: View, key: string): string | null {
  const value = view[key]
  return typeof value === 'string' ? value : null
}

/** A member that is a number; 0 when it is none. */
export function numberOf(view: View, key: string): number {
  const value = view[key]
  return typeof value === 'number' ? value : 0
}

/** A member that is a list of texts. */
export function textsOf(view: View, key: string): readonly string[] {
  const value = view[key]
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : []
}

function isView(value: unknown): value is View {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A member that is an object; empty when it is none. */
export function partOf(view: View, key: string): View {
  const value = view[key]
  return isView(value) ? value : {}
}

/** A member that is a list of objects. */
export function partsOf(view: View, key: string): readonly View[] {
  const value = view[key]
  return Array.isArray(value) ? value.filter(isView) : []
}

/** What an operation answered, as an object. */
export function viewOf(value: unknown): View {
  return isView(value) ? value : {}
}

/** Whether an account may be used at a moment, as a user in the answer of an operation says it; a suspension ends by itself. */
export function standingOf(user: View, now: Seconds): StandingShown {
  const standing = partOf(user, 'standing')
  const reason = textOf(standing, 'reason') ?? ''
  if (standing['kind'] === 'banned') return { kind: 'banned', reason }
  const until = textOf(standing, 'until') ?? ''
  const isOver = standing['kind'] !== 'suspended' || Date.parse(until) <= now * 1000
  return isOver ? { kind: 'active' } : { kind: 'suspended', until, reason }
}
