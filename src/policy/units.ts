import { type Seconds, seconds } from '../core/brand.ts'
import type { DurationData } from './language.ts'

const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 }
const BYTES: Readonly<Record<string, number>> = { KiB: 1_024, MiB: 1_048_576 }

function scaled(written: number | string, units: Readonly<Record<string, number>>): number {
  if (typeof written === 'number') return written
  const unit = written.replace(/^[0-9]+/, '')
  return Number.parseInt(written, 10) * (units[unit] ?? 1)
}

/** Seconds of a duration such as `5m`. */
export function durationOf(written: DurationData): Seconds {
  return seconds(scaled(written, SECONDS))
}

/** Bytes of a size such as `64KiB`. */
export function bytesOf(written: number | string): number {
  return scaled(written, BYTES)
}

/** A value that may be written alone or as a list, as a list. */
export function asList<T>(written: T | readonly T[] | undefined): readonly T[] {
  if (written === undefined) return []
  return Array.isArray(written) ? (written as readonly T[]) : [written as T]
}
