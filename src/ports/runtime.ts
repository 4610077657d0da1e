import type { Seconds } from '../core/brand.ts'
import type { Observation } from './observation.ts'

/** Everything ambient, as an argument: clock, randomness, outbound calls, background work, reports. */
export interface Runtime {
  /** Whole seconds since the epoch. */
  now(): Seconds
  /** Milliseconds on a clock that only measures durations. */
  ticks(): number
  /** Cryptographically random bytes. */
  random(count: number): Uint8Array<ArrayBuffer>
  /** Outbound HTTP for providers and webhooks; never for the upstream hop. Redirects are not followed. */
  fetch(url: string, init?: RequestInit): Promise<Response>
  /** Keeps work alive after the answer; its failure is reported, never thrown. */
  background(work: Promise<unknown>): void
  /** Takes one observation; logging and metrics decide what to show. */
  observe(observation: Observation): void
}
