import type { Observation } from './observation.ts'

/** Counters of one process or isolate, fed by every observation. */
export interface Metrics {
  take(observation: Observation): void
  /** A socket of ours was closed with this code. */
  socketClosed(code: number): void
  /** The counters in the Prometheus text format, each line ended. */
  text(): string
}
