import type { Ask } from '../core/ask.ts'
import type { Gateway } from '../ports/gateway.ts'
import type { LastingAnswer } from '../ports/upstream.ts'
import { type Lease, leaseTerms, recheck } from './lease.ts'
import type { Verdict } from './verdict.ts'

type Allowed = Extract<Verdict, { readonly kind: 'allow' }>

/** Media types of answers that go on for as long as both sides like. */
const LASTING =
  /^\s*(text\/event-stream|multipart\/x-mixed-replace|application\/(x-ndjson|ndjson|jsonl|x-jsonlines|json-seq|stream\+json|grpc(-web)?([+-][a-z-]+)?|connect\+[a-z]+))\s*(;|$)/i

/**
 * Whether an answer lasts: its type says that it goes on and on, as an event stream does. Everything else ends by itself,
 * and whoever may begin a download may finish it.
 */
export function isLasting(contentType: string | null): boolean {
  return contentType !== null && LASTING.test(contentType)
}

/** What holds the lasting answer to somebody; null when nothing would ever end it. */
export function lastingOf(ask: Ask, gateway: Gateway, { rule, subject, field }: Allowed): LastingAnswer | null {
  const terms = leaseTerms(field === undefined ? ask : { ...ask, field }, rule, subject)
  if (terms === null) return null
  if (terms.subject === null) return { isKept: () => Promise.resolve(true), maxAgeSeconds: terms.maxAgeSeconds }
  let isLost = false
  const lease: Lease = {
    ask: terms.ask,
    subject: terms.subject,
    confirmedAt: gateway.runtime.now(),
    end: () => {
      isLost = true
    },
  }
  return {
    async isKept() {
      await recheck([lease], gateway)
      return !isLost
    },
    maxAgeSeconds: terms.maxAgeSeconds,
  }
}
