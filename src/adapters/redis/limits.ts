import { seconds } from '../../core/brand.ts'
import type { QuotaStore, RateStore, TicketStore } from '../../ports/limits.ts'
import { text, unexpected, whole } from './call.ts'
import { numberOf, parseObject, textOf } from './codec.ts'
import type { Context } from './context.ts'
import { field } from './names.ts'
import {
  confirmQuota,
  hitRate,
  issueTicket,
  lowerQuota,
  releaseQuota,
  reserveQuota,
  setQuota,
  takeTicket,
  usedQuota,
} from './scripts/limits.ts'

/** One-time tickets, one key each. */
export function ticketStore({ calls }: Context): TicketStore {
  return {
    async issue(ticket) {
      const { hash, sessionKey, path, expiresAt } = ticket
      const json = JSON.stringify({ hash, sessionKey, path, expiresAt })
      await calls.run(issueTicket, `t.${field(hash)}`, { ends: expiresAt, json })
    },
    async take(hash, now) {
      const operation = 'ticket-take'
      const { word, parts } = await calls.run(takeTicket, `t.${field(hash)}`, { time: now })
      if (word === 'unknown') return null
      const fields = parseObject(operation, text(operation, parts, 0))
      return {
        hash: textOf(operation, fields, 'hash'),
        sessionKey: textOf(operation, fields, 'sessionKey'),
        path: textOf(operation, fields, 'path'),
        expiresAt: seconds(numberOf(operation, fields, 'expiresAt')),
      }
    },
  }
}

/** Rate limits, one key a bucket. */
export function rateStore({ calls }: Context): RateStore {
  return {
    async hit(bucket, limit, windowSeconds, now) {
      const args = { time: now, window: windowSeconds, most: limit }
      const { word, parts } = await calls.run(hitRate, `r.${field(bucket)}`, args)
      if (word !== 'allowed' && word !== 'refused') throw unexpected('rate-hit')
      return { allowed: word === 'allowed', retryAfter: whole('rate-hit', parts, 0) }
    },
  }
}

/** Quotas in the slot of the user. */
export function quotaStore({ calls, mutate }: Context): QuotaStore {
  return {
    async reserve(_user, tag, name, limit, now, holdSeconds) {
      const { word, parts } = await calls.run(reserveQuota, tag, { name, most: limit, time: now, hold: holdSeconds })
      if (word === 'exceeded') return { kind: 'exceeded', limit, used: whole('quota-reserve', parts, 0) }
      if (word !== 'reserved') throw unexpected('quota-reserve')
      return { kind: 'reserved', id: text('quota-reserve', parts, 0) }
    },
    async confirm(tag, id) {
      await calls.run(confirmQuota, tag, { id })
    },
    async release(tag, id) {
      await calls.run(releaseQuota, tag, { id })
    },
    async lower(_user, tag, name) {
      const { parts } = await calls.run(lowerQuota, tag, { name })
      return whole('quota-lower', parts, 0)
    },
    async set(_user, tag, name, used, audit) {
      const args = { name, count: used }
      await mutate({ script: setQuota, tag, audit, args: () => args, effects: () => [] })
    },
    async used(_user, tag, name, now) {
      const { parts } = await calls.run(usedQuota, tag, { name, time: now })
      return whole('quota-used', parts, 0)
    },
  }
}
