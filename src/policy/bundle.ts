import type { PolicyBundle } from './model.ts'

function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).filter(([, part]) => part !== undefined)
  entries.sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([key, part]) => [key, canonical(part)]))
}

/** JSON with sorted keys and no blanks: equal values give equal text. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(canonical(value))
}

/** `sha256:<hex>` over the canonical JSON of everything but `hash` and `parent`. */
export async function bundleHash(bundle: Omit<PolicyBundle, 'hash' | 'parent'>): Promise<string> {
  const { hash: _hash, parent: _parent, ...content } = bundle as Partial<PolicyBundle>
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(canonicalJson(content)))
  const hex = [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0'))
  return `sha256:${hex.join('')}`
}

/** A bundle from its JSON; null when it is not one, or when its content does not have its hash. */
export async function readBundle(json: string): Promise<PolicyBundle | null> {
  let bundle: PolicyBundle
  try {
    bundle = JSON.parse(json) as PolicyBundle
  } catch {
    return null
  }
  if (typeof bundle !== 'object' || bundle === null || bundle.format !== 1) return null
  return (await bundleHash(bundle)) === bundle.hash ? bundle : null
}
