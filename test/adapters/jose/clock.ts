import { type Seconds, seconds } from '../../../src/core/brand.ts'
import type { AuditNote } from '../../../src/ports/audit.ts'

/** A clock that stands still until it is moved, with real randomness and background work that can be awaited. */
export class Clock {
  time: Seconds
  readonly works: Promise<unknown>[] = []
  readonly failures: unknown[] = []

  constructor(time: number) {
    this.time = seconds(time)
  }

  now = (): Seconds => this.time
  random = (count: number): Uint8Array<ArrayBuffer> => crypto.getRandomValues(new Uint8Array(count))
  background = (work: Promise<unknown>): void => {
    this.works.push(work.catch((problem: unknown) => this.failures.push(problem)))
  }

  pass(count: number): void {
    this.time = seconds(this.time + count)
  }

  async settle(): Promise<void> {
    await Promise.all(this.works.splice(0))
  }
}

export const ROOT: Uint8Array<ArrayBuffer> = new Uint8Array(32).fill(7)

export function note(event: AuditNote['event'], at: Seconds): AuditNote {
  return { event, at, actor: 'operator', subject: null, requestId: 'r1', policy: 'sha256:0', detail: {} }
}
