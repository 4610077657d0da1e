/** Records of one user, of the index, of a chain of audit records, or one on its own; see docs/storage.md. */
export type KeyName =
  // a user's own slot
  | 'user'
  | 'identities'
  | 'order'
  | 'meta'
  | 'sids'
  | 'record'
  | 'character'
  | 'grace'
  | 'ended'
  | 'token'
  | 'tokenmeta'
  | 'used'
  | 'held'
  | 'released'
  | 'grave'
  // a chain of audit records: in the slot of what it tells about
  | 'log'
  | 'head'
  // the index slot
  | 'ops'
  | 'epoch'
  | 'pending'
  | 'live'
  | 'seen'
  | 'due'
  | 'dueseen'
  | 'info'
  | 'characters'
  | 'list'
  | 'worlds'
  | 'played'
  | 'dead'
  | 'people'
  | 'names'
  | 'roles'
  | 'guests'
  | 'claims'
  | 'trail'
  | 'heads'
  // records on their own
  | 'identity'
  | 'login'
  | 'followers'
  | 'ticket'
  | 'rate'
  | 'keys'
  | 'bundles'
  | 'pushed'
  | 'active'

/** Slot of everything that spans users. The tilde keeps it apart from the tags of users. */
export const INDEX = '~index'
/** Slot of keys. */
export const KEYS = '~keys'
/** Slot of policy versions. */
export const POLICIES = '~policies'

/** Name of a key: the part in braces alone decides the cluster slot. */
export function keyName(prefix: string, tag: string, key: KeyName): string {
  return `${prefix}:{${tag}}:${key}`
}

/** Text as one field of an index entry: without line breaks, braces and NUL, still unique and in the same order of prefixes. */
export function field(text: string): string {
  return text.replace(/[%\n\r{}\0]/g, (byte) => `%${byte.charCodeAt(0).toString(16).padStart(2, '0')}`)
}

/** What `field` was made from. */
export function unfield(text: string): string {
  return text.replace(/%([0-9a-f]{2})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)))
}

/** The length of a page: at least one, at most 500. */
export function clampLimit(limit: number): number {
  return Math.min(Math.max(Math.trunc(limit) || 1, 1), 500)
}

/** The parts of `<tag>.<hash>`; null when it has no such form. */
export function splitKey(key: string): { readonly tag: string; readonly hash: string } | null {
  const dot = key.indexOf('.')
  if (dot < 1 || dot === key.length - 1) return null
  const tag = key.slice(0, dot)
  if (/[{}~]/.test(tag)) return null
  return { tag, hash: key.slice(dot + 1) }
}
