/** Answers one outbound call that a library makes on its own account. */
export type Intercept = (url: URL, init: RequestInit) => Promise<Response>

const HANDLE = /postern-[\w-]{43}/

interface Hook {
  readonly hooked: typeof fetch
  readonly original: typeof fetch
}

// TRADE-OFF: module state, and the process's own `fetch` wrapped while a call is under way. `@hono/oauth-providers`
// calls the global one and offers no other door. Each call carries an unguessable handle instead of code, secret and
// token, so calls of other requests are told apart by value and pass through untouched; the real secrets never enter
// the package.
const open = new Map<string, Intercept>()
let hook: Hook | null = null

function handleIn(input: unknown, init: RequestInit): string | null {
  const authorization = new Headers(init.headers).get('authorization') ?? ''
  const body = typeof init.body === 'string' ? init.body : ''
  return HANDLE.exec(`${String(input)} ${authorization} ${body}`)?.[0] ?? null
}

function install(): void {
  if (hook !== null && globalThis.fetch === hook.hooked) return
  const original = globalThis.fetch
  const hooked: typeof fetch = (input: Parameters<typeof fetch>[0], init: RequestInit = {}) => {
    const handle = typeof input === 'string' ? handleIn(input, init) : null
    const intercept = handle === null ? undefined : open.get(handle)
    const url = typeof input === 'string' ? URL.parse(input) : null
    return intercept === undefined || url === null ? original.call(globalThis, input, init) : intercept(url, init)
  }
  globalThis.fetch = hooked
  hook = { hooked, original }
}

function uninstall(): void {
  // WHY: only when nobody wrapped it in the meantime; then ours stays below theirs and lets everything pass.
  if (hook === null || globalThis.fetch !== hook.hooked) return
  globalThis.fetch = hook.original
  hook = null
}

/** A handle for one call: 256 random bits, in a form no real code has. */
export function packageHandle(random: Uint8Array): string {
  const text = btoa(String.fromCharCode(...random.subarray(0, 32)))
  return `postern-${text.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')}`
}

/**
 * Runs `work` while every string-addressed global `fetch` that carries `handle` is answered by `intercept`.
 *
 * @param handle - made by `packageHandle` from 32 random bytes
 */
export async function interceptingFetch<T>(handle: string, intercept: Intercept, work: () => Promise<T>): Promise<T> {
  open.set(handle, intercept)
  install()
  try {
    return await work()
  } finally {
    open.delete(handle)
    if (open.size === 0) uninstall()
  }
}
