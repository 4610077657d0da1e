/** Answers one outbound call that a library makes on its own account. */
export type Intercept = (url: URL, init: RequestInit) => Promise<Response>

/** The object whose `fetch` libraries call when they call the global one: `globalThis`, handed in by the runtime. */
export interface Realm {
  fetch(input: string | URL | Request, init?: RequestInit): Promise<Response>
}

type Call = Realm['fetch']

interface Hook {
  readonly hooked: Call
  readonly original: Call
}

const HANDLE = /postern-[\w-]{43}/

// TRADE-OFF: module state, and the process's own `fetch` wrapped while a call is under way. `@hono/oauth-providers`
// calls the global one and offers no other door. Each call carries an unguessable handle instead of code, secret and
// token, so calls of other requests are told apart by value and pass through untouched; the real secrets never enter
// the package.
const open = new Map<string, Intercept>()
const hooks = new WeakMap<Realm, Hook>()

function handleIn(input: string, init: RequestInit): string | null {
  const authorization = new Headers(init.headers).get('authorization') ?? ''
  const body = typeof init.body === 'string' ? init.body : ''
  return HANDLE.exec(`${input} ${authorization} ${body}`)?.[0] ?? null
}

function install(realm: Realm): void {
  if (realm.fetch === hooks.get(realm)?.hooked) return
  const original = realm.fetch
  const hooked: Call = (input, init) => {
    const text = typeof input === 'string' ? input : ''
    const intercept = open.get(handleIn(text, init ?? {}) ?? '')
    const url = URL.parse(text)
    return intercept === undefined || url === null ? original.call(realm, input, init) : intercept(url, init ?? {})
  }
  realm.fetch = hooked
  hooks.set(realm, { hooked, original })
}

function uninstall(realm: Realm): void {
  const hook = hooks.get(realm)
  // WHY: only when nobody wrapped it in the meantime; then ours stays below theirs and lets everything pass.
  if (hook === undefined || realm.fetch !== hook.hooked) return
  realm.fetch = hook.original
  hooks.delete(realm)
}

/** A handle for one call: 256 random bits, in a form no real code has. */
export function packageHandle(random: Uint8Array): string {
  const text = btoa(String.fromCharCode(...random.subarray(0, 32)))
  return `postern-${text.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')}`
}

/**
 * Runs `work` while every string-addressed `fetch` of the realm that carries `handle` is answered by `intercept`.
 *
 * @param handle - made by `packageHandle` from 32 random bytes
 */
export async function interceptingFetch<T>(
  realm: Realm,
  handle: string,
  intercept: Intercept,
  work: () => Promise<T>,
): Promise<T> {
  open.set(handle, intercept)
  install(realm)
  try {
    return await work()
  } finally {
    open.delete(handle)
    if (open.size === 0) uninstall(realm)
  }
}
