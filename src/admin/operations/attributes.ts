import { type ConfigProblem, nearest } from '../../config/reader.ts'
import { ok } from '../../core/result.ts'
import type { Config } from '../../ports/config.ts'
import { type Reach, targetOf, unknownUser } from './authority.ts'
import { type Call, noteOf, type Outcome } from './call.ts'
import { type Operation, operation, refusedInput, userId } from './define.ts'
import type { View } from './views.ts'

const GAME: Reach = { self: 'refuse', machines: 'game' }

type Changes = Readonly<Record<string, string | number | boolean | null>>

/** Sets attributes as the configuration types and bounds them; null removes one. */
export async function setAttributes(
  call: Call,
  input: { readonly user: string; readonly attributes: Readonly<Record<string, unknown>> },
): Promise<Outcome<View>> {
  const { store, sessions, config } = call.gateway
  const target = await targetOf(call, input.user, GAME)
  if (!target.ok) return target
  const problems = attributeProblems(config.attributes, input.attributes)
  if (problems.length > 0) return refusedInput(problems)
  if (call.mode === 'rehearse') return ok({ user: input.user, attributes: input.attributes })
  const audit = noteOf(call, 'attributes-changed', target.value.id, {
    names: Object.keys(input.attributes).sort().join(' '),
  })
  const attributes = await store.directory.setAttributes(target.value, input.attributes as Changes, audit)
  sessions.drop(target.value.tag)
  return attributes === null ? unknownUser(input.user) : ok({ user: input.user, attributes })
}

/** What is wrong with attributes somebody wants to set. */
export function attributeProblems(
  known: Config['attributes'],
  wanted: Readonly<Record<string, unknown>>,
): readonly ConfigProblem[] {
  return Object.entries(wanted).flatMap(([name, value]): ConfigProblem[] => {
    const path = `attributes.${name}`
    const rule = Object.hasOwn(known, name) ? known[name] : undefined
    if (rule === undefined) {
      const near = nearest(name, Object.keys(known))
      const hint =
        near === null ? `configured are ${Object.keys(known).join(', ') || 'none'}` : `did you mean "${near}"?`
      return [{ path, message: `is no attribute of this deployment; ${hint}` }]
    }
    if (value === null) return []
    if (typeof value !== rule.type) return [{ path, message: `must be a ${rule.type}, or null to remove it` }]
    if (typeof value === 'number' && !Number.isFinite(value)) return [{ path, message: 'must be a finite number' }]
    if (typeof value === 'string' && value.length > rule.maxLength)
      return [{ path, message: `must have at most ${rule.maxLength} characters, not ${value.length}` }]
    return []
  })
}

/** Operations about attributes. */
export const attributeOperations: readonly Operation[] = [
  operation(
    { name: 'users.attributes', effect: 'write', needs: 'attributes' },
    (read) => {
      const raw = read.raw('attributes')
      const isObject = typeof raw === 'object' && raw !== null && !Array.isArray(raw)
      if (!isObject || Object.keys(raw).length === 0)
        read.fault('attributes', 'must be an object of names and values, at least one')
      return { user: userId(read), attributes: isObject ? (raw as Readonly<Record<string, unknown>>) : {} }
    },
    setAttributes,
  ),
]
