import { isThisMachine } from '../../core/address.ts'
/** What came of asking an address. */
export type Reached =
  | {
      readonly kind: 'answered'
      readonly status: number
      readonly location: string | null
      readonly text: string
    }
  | { readonly kind: 'failed'; readonly code: string }
  | { readonly kind: 'not-asked' }

/** A clock of another machine, as its answers tell it. */
export interface OtherClock {
  readonly host: string
  /** Seconds that this machine is ahead of it. */
  readonly ahead: number
}

/** Asks addresses: those of this machine always, others only when told to. */
export interface Reach {
  ask(url: string, init?: RequestInit): Promise<Reached>
  /** For libraries that bring their own calls; throws `NotAsked` instead of leaving the machine unasked. */
  fetch(url: string | URL, init?: RequestInit): Promise<Response>
  mayAsk(url: string): boolean
  readonly clocks: readonly OtherClock[]
}

/** The address is on another machine, and nobody said that the network may be used. */
export class NotAsked extends Error {
  override readonly name = 'NotAsked'
}

const TIMEOUT_MS = 4_000
const MAX_TEXT = 65_536

/** The stable code of a failed call: `ECONNREFUSED`, `DEPTH_ZERO_SELF_SIGNED_CERT`, `TIMEOUT`. */
export function failureCode(error: unknown): string {
  let here: unknown = error
  for (let depth = 0; depth < 5 && typeof here === 'object' && here !== null; depth++) {
    if ('code' in here && typeof here.code === 'string') return here.code
    if ('name' in here && here.name === 'TimeoutError') return 'TIMEOUT'
    const inner: unknown = 'errors' in here && Array.isArray(here.errors) ? here.errors[0] : undefined
    here = inner ?? ('cause' in here ? here.cause : undefined)
  }
  return 'FAILED'
}

/** A new one. */
export function openReach(network: 'loopback' | 'everywhere'): Reach {
  const clocks: OtherClock[] = []
  const mayAsk = (url: string): boolean => network === 'everywhere' || isThisMachine(URL.parse(url)?.hostname ?? '')
  const send = async (url: string, init: RequestInit): Promise<Response> => {
    if (!mayAsk(url)) throw new NotAsked(url)
    const signal = AbortSignal.timeout(TIMEOUT_MS)
    const response = await fetch(url, { ...init, redirect: 'manual', signal })
    const date = Date.parse(response.headers.get('date') ?? '')
    if (!Number.isNaN(date)) clocks.push({ host: new URL(url).host, ahead: Math.round((Date.now() - date) / 1000) })
    return response
  }
  return {
    mayAsk,
    clocks,
    fetch: (url, init = {}) => send(String(url), init),
    async ask(url, init = {}) {
      if (!mayAsk(url)) return { kind: 'not-asked' }
      try {
        const response = await send(url, init)
        const text = (await response.text()).slice(0, MAX_TEXT)
        return { kind: 'answered', status: response.status, location: response.headers.get('location'), text }
      } catch (error) {
        return { kind: 'failed', code: failureCode(error) }
      }
    },
  }
}
