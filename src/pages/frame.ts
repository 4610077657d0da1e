import type { Ask } from '../core/ask.ts'
import type { Subject } from '../core/person.ts'
import type { Gateway } from '../ports/gateway.ts'
import { negotiateLanguage } from './language.ts'
import type { Frame, Viewer } from './layout.ts'

/** What of a gateway our own pages need. */
export type PageHost = Pick<Gateway, 'config' | 'runtime'>

/** What of a request our own pages need; known even of one that has no canonical form. */
export type PageAsk = Pick<Ask, 'requestId' | 'front' | 'method' | 'credentials' | 'browser'> &
  Partial<Pick<Ask, 'target'>>

function viewerOf(subject: Subject | null | undefined): Viewer {
  if (subject === undefined) return { kind: 'unknown' }
  if (subject === null) return { kind: 'signed-out' }
  if (subject.kind === 'fixed-token') return { kind: 'signed-in', name: null }
  return subject.user.guest ? { kind: 'guest' } : { kind: 'signed-in', name: subject.user.profile.name }
}

/** What every page needs of one request. */
export function frameOf(ask: PageAsk, host: PageHost, subject: Subject | null | undefined, code: string | null): Frame {
  return {
    language: negotiateLanguage(ask.browser.languages),
    brand: host.config.brand,
    reference: { code, id: ask.requestId, time: new Date(host.runtime.now() * 1000).toISOString() },
    viewer: viewerOf(subject),
  }
}
