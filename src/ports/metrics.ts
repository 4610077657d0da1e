import type { Observation } from './observation.ts'

/** Live sockets of one process or isolate since it started. */
export interface SocketCounts {
  readonly open: number
  readonly opened: number
  readonly refused: number
  /** How many ended, by close code. */
  readonly closed: Readonly<Record<string, number>>
}

/** Counters of one process or isolate, fed by every observation. */
export interface Metrics {
  take(observation: Observation): void
  /** What became of live sockets here, from counters. */
  sockets(): SocketCounts
  /** The counters in the Prometheus text format, each line ended. */
  text(): string
}
