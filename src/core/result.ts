/** An outcome that is a value: what was wanted, or the fault that says why not. */
export type Result<T, E> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly fault: E }

/** The wanted outcome. */
export function ok<T>(value: T): { readonly ok: true; readonly value: T } {
  return { ok: true, value }
}

/** The other outcome. */
export function err<E>(fault: E): { readonly ok: false; readonly fault: E } {
  return { ok: false, fault }
}
