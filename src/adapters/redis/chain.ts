import { seconds } from '../../core/brand.ts'
import type { AuditEvent, AuditNote, AuditRecord } from '../../ports/audit.ts'
import { type Answer, type Calls, text, unexpected, whole } from './call.ts'
import type { AuditedScript, ChainArgument } from './script.ts'
import type { Turns } from './turns.ts'

/** Where a chain stands: how many records were ever written, and the hash of the last. */
export interface Head {
  readonly sequence: number
  readonly hash: string
}

/** Before the first record. */
export const GENESIS: Head = { sequence: 0, hash: '' }

/** An answer of an audited script, and the record it wrote; null when it changed nothing. */
export interface Recorded {
  readonly answer: Answer
  readonly record: AuditRecord | null
}

const MAX_HEADS = 10_000
const MAX_TRIES = 1_000

/** Canonical JSON of a record without its hash: keys in order, no blanks. */
export function canonicalRecord(note: AuditNote, chain: string, sequence: number): string {
  const detail = Object.fromEntries(Object.entries(note.detail).toSorted(([a], [b]) => (a < b ? -1 : 1)))
  const { actor, at, event, policy, requestId, subject } = note
  return JSON.stringify({ actor, at, chain, detail, event, policy, requestId, sequence, subject })
}

/** Hex SHA-256 of text. */
export async function sha256Hex(value: string): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(value)))
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** base64url SHA-256 of text, 43 characters. */
export async function sha256Name(value: string): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(value)))
  return btoa(String.fromCharCode(...digest))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')
}

/** A stored line (64 hex digits, then canonical JSON) as a record; null when it is none. */
export function parseRecord(line: string): AuditRecord | null {
  const hash = line.slice(0, 64)
  if (!/^[0-9a-f]{64}$/.test(hash)) return null
  try {
    const value: unknown = JSON.parse(line.slice(64))
    if (typeof value !== 'object' || value === null) return null
    const { actor, at, chain, detail, event, policy, requestId, sequence, subject } = value as Record<string, unknown>
    if (typeof actor !== 'string' || typeof at !== 'number' || typeof chain !== 'string') return null
    if (typeof event !== 'string' || typeof policy !== 'string' || typeof requestId !== 'string') return null
    if (typeof sequence !== 'number' || typeof detail !== 'object' || detail === null) return null
    if (subject !== null && typeof subject !== 'string') return null
    return {
      actor,
      at: seconds(at),
      chain,
      detail: detail as AuditRecord['detail'],
      event: event as AuditEvent,
      hash,
      policy,
      requestId,
      sequence,
      subject: subject as AuditRecord['subject'],
    }
  } catch {
    return null
  }
}

/** Runs scripts that write an audit record in the step of their change. */
export interface Chains {
  run<A extends string>(
    script: AuditedScript<A>,
    tag: string,
    note: AuditNote,
    args: Readonly<Record<A, string | number>>,
    rest?: readonly (string | number)[],
  ): Promise<Recorded>
}

/**
 * Chains over scripts. The head of a chain is remembered as a guess only: the script compares it and says where the
 * chain really stands, so that a wrong guess costs one more call and nothing else.
 */
export function chainsOver(calls: Calls, turns: Turns): Chains {
  const heads = new Map<string, Head>()
  function remember(tag: string, head: Head): void {
    if (heads.size >= MAX_HEADS) heads.clear()
    heads.set(tag, head)
  }
  async function link<A extends string>(
    script: AuditedScript<A>,
    tag: string,
    note: AuditNote,
    args: Readonly<Record<A, string | number>>,
    rest: readonly (string | number)[],
  ): Promise<Recorded> {
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const head = heads.get(tag) ?? GENESIS
      const sequence = head.sequence + 1
      const entry = canonicalRecord(note, tag, sequence)
      const next = await sha256Hex(head.hash + entry)
      const place: Record<ChainArgument, string | number> = { seq: head.sequence, prev: head.hash, entry, next }
      const answer = await calls.run(script, tag, { ...args, ...place } as Record<A | ChainArgument, string>, rest)
      if (answer.word === 'moved') {
        remember(tag, { sequence: whole(script.name, answer.parts, 0), hash: text(script.name, answer.parts, 1) })
        continue
      }
      if (answer.word.startsWith('=')) return { answer, record: null }
      remember(tag, { sequence, hash: next })
      return { answer, record: { ...note, chain: tag, sequence, hash: next } }
    }
    throw unexpected(script.name)
  }
  return {
    run(script, tag, given, args, rest = []) {
      // ATTACK: half a surrogate pair is kept by JSON and not by Redis: record and trail would name two subjects.
      const note = { ...given, subject: (given.subject?.toWellFormed() ?? null) as AuditNote['subject'] }
      return turns(tag, () => link(script, tag, note, args, rest))
    },
  }
}
