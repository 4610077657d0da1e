import type { Seconds } from '../../core/brand.ts'
import type { AuditNote } from '../../ports/audit.ts'
import type { SessionStore } from '../../ports/store.ts'
import { list, text, texts, whole } from './call.ts'
import { decodeMeta, decodeSession } from './codec.ts'
import type { Context } from './context.ts'
import { sessionIs } from './effects.ts'
import { field, INDEX } from './names.ts'
import { playedBy } from './scripts/index-read.ts'
import { releaseSessions } from './scripts/session-write.ts'
import { memberParts } from './session-lists.ts'
import { endedEffects, endOwn } from './sessions.ts'

/** The part of the session store that looks for a character. */
export type PlayedSessions = Pick<SessionStore, 'revokeCharacter' | 'releaseCharacter'>

interface Wanted {
  readonly name: string
  readonly world: string
}

/** A character as the scripts compare it, and the tags under which it is played. */
async function playersOf(context: Context, id: string, world: string | null): Promise<[Wanted, ReadonlySet<string>]> {
  const wanted = { name: field(id), world: world === null ? '' : field(world) }
  const { parts } = await context.calls.run(playedBy, INDEX, wanted)
  return [wanted, new Set(texts('session-played-by', parts, 0).map((member) => memberParts(member).tag))]
}

async function releaseOwn(
  context: Context,
  tag: string,
  { name, world }: Wanted,
  now: Seconds,
  audit: AuditNote,
): Promise<number> {
  const operation = 'session-release'
  let released = 0
  await context.mutate({
    script: releaseSessions,
    tag,
    audit,
    args: ({ epoch }) => ({ time: now, epoch: epoch.number, voided: epoch.at, name, world }),
    effects({ word, parts }) {
      if (word === '=none') return endedEffects(tag, texts(operation, parts, 0))
      const rows = list(operation, parts, 0)
      released = rows.length
      const freed = rows.map((_, at) => {
        const row = list(operation, rows, at)
        const line = text(operation, row, 0)
        const session = decodeSession(operation, line, text(operation, row, 1), text(operation, row, 2))
        return sessionIs(session, decodeMeta(operation, line).epoch, whole(operation, row, 3))
      })
      return [...freed, ...endedEffects(tag, texts(operation, parts, 1))]
    },
  })
  return released
}

/** What becomes of sessions that play a character, one user after the other. */
export function playedSessions(context: Context): PlayedSessions {
  return {
    async revokeCharacter(id, world, now, audit) {
      const [wanted, tags] = await playersOf(context, id, world)
      let ended = 0
      for (const tag of tags) {
        const ending = { tag, userId: '', which: 'character', ...wanted, reason: 'kicked', now } as const
        ended += await endOwn(context, ending, audit)
      }
      return ended
    },
    async releaseCharacter(id, world, now, audit) {
      const [wanted, tags] = await playersOf(context, id, world)
      let released = 0
      for (const tag of tags) released += await releaseOwn(context, tag, wanted, now, audit)
      return released
    },
  }
}
