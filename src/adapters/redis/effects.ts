import type { Seconds } from '../../core/brand.ts'
import type { Session, Standing, User } from '../../core/person.ts'
import type { AuditRecord } from '../../ports/audit.ts'
import { type Calls, whole } from './call.ts'
import { field, INDEX } from './names.ts'
import { applyEffects, openChange, readEpoch } from './scripts/index-write.ts'

/** One thing the index has to learn, as the words and values that `apply-effects` takes. */
export type Effect = readonly (string | number)[]

/** The state in which all sessions of a lower epoch are over. */
export interface Epoch {
  readonly number: number
  /** When it was raised; 0 while it never was. */
  readonly at: number
}

/** The epoch as a process knows it. */
export interface KnownEpoch extends Epoch {
  /** It may have been raised within so many seconds before it was asked for; 0: it was read just now. */
  readonly ageSeconds: number
}

/** A change that was announced to the index and not yet made known to it in full. */
export interface Change {
  readonly mark: string
  readonly epoch: Epoch
}

/** Name of a session in the index. */
export function sessionMember(tag: string, sid: string): string {
  return `${field(sid)}.${tag}`
}

/** The session stands like this, and is over at `endsAt` unless it is used. */
export function sessionIs(session: Session, epoch: number, endsAt: number): Effect {
  const { character } = session
  return [
    'session',
    sessionMember(session.tag, session.sid),
    session.version,
    endsAt,
    session.lastSeenAt,
    session.createdAt,
    epoch,
    character === null ? '' : field(character.world),
    character === null ? '' : field(character.id),
    character === null ? '' : JSON.stringify(character),
  ]
}

/** The session was used. */
export function sessionSeen(tag: string, sid: string, endsAt: number, seenAt: number): Effect {
  return ['seen', sessionMember(tag, sid), endsAt, seenAt]
}

/** The session is over. */
export function sessionEnded(tag: string, sid: string): Effect {
  return ['ended', sessionMember(tag, sid)]
}

/** Name of a person as it is searched: no difference of case or width, no control characters. */
export function folded(name: string): string {
  return name
    .toWellFormed()
    .normalize('NFKC')
    .toLowerCase()
    .replace(/\p{Cc}/gu, '')
}

/** Until when an account may not be used: 0 when it may, beyond all time when it is banned. */
function blockedUntil(standing: Standing): number {
  if (standing.kind === 'active') return 0
  return standing.kind === 'banned' ? 999_999_999_999 : standing.until
}

/** A guest account without an end is over a day after it was made (seeds G3). */
export function guestEnd(user: User): number {
  return user.endsAt ?? user.createdAt + 86_400
}

/** The person stands like this. */
export function personIs(user: User): Effect {
  return [
    'person',
    user.id,
    user.tag,
    user.epoch,
    field(folded(user.profile.name ?? '')),
    user.guest ? guestEnd(user) : '',
    blockedUntil(user.standing),
    user.roles.map(field).join('\n'),
  ]
}

/** The person is no more. */
export function personRemoved(id: string): Effect {
  return ['removed', id]
}

/** A change no longer holds the claim that the person is about to stop being an admin; nor does any that claimed it by `upto`. */
export function unclaimed(id: string, held: { readonly op: string } | { readonly upto: number }): Effect {
  return 'op' in held ? ['unclaim', id, held.op, 0] : ['unclaim', id, '', held.upto]
}

/** The number of a change: no two have the same. */
export function numberOf({ mark }: Change): string {
  return mark.slice(mark.lastIndexOf('\n') + 1)
}

/** A record was written; nothing when none was. */
export function recorded(record: AuditRecord | null): readonly Effect[] {
  if (record === null) return []
  const { chain, sequence, at, event, subject, hash } = record
  return [['recorded', chain, sequence, at, event, subject ?? '', hash]]
}

/** The index: told before a user's records change, and told again what became of it. */
export interface Index {
  /** Announces a change of the records under `tag`; `identity` names an identity claimed for it, or is empty. */
  open(tag: string, identity: string, at: Seconds): Promise<Change>
  /** Makes effects known and closes the change; a crash before leaves it to the sweep. */
  close(change: Change | null, effects: readonly Effect[], at: Seconds): Promise<void>
  /** The epoch as it was less than `EPOCH_SECONDS` + 1 before `now`, which is a second that has begun. */
  epoch(now: Seconds): Promise<KnownEpoch>
  /** Takes notice of an epoch seen elsewhere. */
  learn(epoch: Epoch, now: Seconds): void
  /** It was raised elsewhere: what is known counts no more. */
  forget(): void
}

/**
 * How old the known epoch may get, in whole seconds, before it is read again.
 *
 * TRADE-OFF: an answer is remembered for less long by the age of the epoch that judged it, so that the end of every
 * session is seen within 5 s (DECISIONS 7); a look at the epoch beside each read would be a second command each.
 */
export const EPOCH_SECONDS = 2

/** The index over scripts. */
export function indexOver(calls: Calls): Index {
  let known: Epoch = { number: 0, at: 0 }
  let knownAt: number | null = null
  let forgotten = 0
  let changes = 0
  const asking = () => ({ forgotten, changes })
  function learn(epoch: Epoch, now: Seconds, asked: ReturnType<typeof asking> | null): void {
    // WHY: a lower one may be a late answer from before a raise. Only where it was asked for after the known one had come,
    // the store was emptied or has older records again, and every session it begins has the lower one.
    if (epoch.number > known.number || asked?.changes === changes) {
      if (epoch.number !== known.number) changes += 1
      known = epoch
    }
    // INVARIANT: an answer to what was asked before `forget()` may be from before the raise.
    if (asked === null || asked.forgotten === forgotten) knownAt = now
  }
  return {
    learn: (epoch, now) => learn(epoch, now, null),
    forget() {
      forgotten += 1
      knownAt = null
    },
    async open(tag, identity, at): Promise<Change> {
      const mark = `${tag}\n${identity}`
      const asked = asking()
      const { parts } = await calls.run(openChange, INDEX, { at, mark })
      const epoch = { number: whole('open-change', parts, 1), at: whole('open-change', parts, 2) }
      learn(epoch, at, asked)
      return { mark: `${mark}\n${whole('open-change', parts, 0)}`, epoch }
    },
    async close(change, effects, at): Promise<void> {
      const all = change === null ? effects : [...effects, ['done', change.mark]]
      if (all.length === 0) return
      for (let from = 0; from < all.length; from += 200) {
        await calls.run(applyEffects, INDEX, { at }, all.slice(from, from + 200).flat())
      }
    },
    async epoch(now): Promise<KnownEpoch> {
      if (knownAt !== null && now >= knownAt && now - knownAt <= EPOCH_SECONDS)
        // WHY: both are seconds that have begun: 2.999 s may lie between 0 and 2.
        return { ...known, ageSeconds: now - knownAt + 1 }
      const asked = asking()
      const { parts } = await calls.run(readEpoch, INDEX, {})
      learn({ number: whole('read-epoch', parts, 0), at: whole('read-epoch', parts, 1) }, now, asked)
      return { ...known, ageSeconds: 0 }
    },
  }
}
