import type { Sid, Tag, UserId } from '../core/brand.ts'
import type { Change } from './telling-store.ts'

/** How the processes of a deployment tell each other what was changed, where their store can push. */
export interface News {
  /** Best effort: who does not hear of a change finds out by re-checking. */
  tell(text: string): Promise<void>
  hear(heard: (text: string) => void): void
  /** What the store remembers by itself about everybody counts no more. */
  forget(): void
}

/** A change as it goes over the wire; `from` names the process, so that nobody acts on what it did itself. */
export function written(change: Change, from: string): string {
  return JSON.stringify({ from, change })
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string')
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
}

/** What another process changed; null for what is none, or our own. A later version may say more: what is unknown concerns everybody. */
export function heardFrom(text: string, self: string): Change | null {
  let read: unknown
  try {
    read = JSON.parse(text)
  } catch {
    return null
  }
  const from = fieldOf(read, 'from')
  if (typeof from !== 'string' || from === self) return null
  const change = fieldOf(read, 'change')
  const [kind, tag, sids, user] = ['kind', 'tag', 'sids', 'user'].map((name) => fieldOf(change, name))
  if (kind === 'policy') return { kind }
  if (typeof tag !== 'string' || !isTexts(sids)) return { kind: 'everybody' }
  if (kind === 'sessions') return { kind, tag: tag as Tag, sids: sids as readonly Sid[] }
  if (kind === 'user' && typeof user === 'string')
    return { kind, user: user as UserId, tag: tag as Tag, sids: sids as readonly Sid[] }
  return { kind: 'everybody' }
}
