import type { Seconds, UserId } from '../core/brand.ts'
import type { AuditNote } from './audit.ts'

/** A one-time ticket for clients that can send neither header nor cookie. */
export interface Ticket {
  readonly hash: string
  readonly sessionKey: string
  readonly path: string
  readonly expiresAt: Seconds
}

/** One-time tickets: each is taken once or never. */
export interface TicketStore {
  issue(ticket: Ticket): Promise<void>
  take(hash: string, now: Seconds): Promise<Ticket | null>
}

/** Counters of hits in a window of time. */
export interface RateStore {
  /** Counts one hit in the window, which begins with its first hit; a refused hit is not counted; `retryAfter` is in seconds and 0 while allowed. */
  hit(
    bucket: string,
    limit: number,
    windowSeconds: Seconds,
    now: Seconds,
  ): Promise<{ readonly allowed: boolean; readonly retryAfter: number }>
}

/** What came of asking for one more of something that is limited. */
export type Reservation =
  | { readonly kind: 'reserved'; readonly id: string }
  | { readonly kind: 'exceeded'; readonly limit: number; readonly used: number }

/** Counters per user and name; reservations expire, so a crash frees them (seeds A26). */
export interface QuotaStore {
  reserve(
    user: UserId,
    tag: string,
    name: string,
    limit: number,
    now: Seconds,
    holdSeconds: Seconds,
  ): Promise<Reservation>
  /** Counts once, also when the reservation expired meanwhile: the upstream did the work. */
  confirm(tag: string, id: string): Promise<void>
  release(tag: string, id: string): Promise<void>
  lower(user: UserId, tag: string, name: string): Promise<number>
  /** What is reserved stays reserved beside it. */
  set(user: UserId, tag: string, name: string, used: number, audit: AuditNote): Promise<void>
  /** What is used and reserved. */
  used(user: UserId, tag: string, name: string, now: Seconds): Promise<number>
}
