/**
 * The one spelling under which header names are compared: lower case, `_` and `.` as `-`.
 *
 * @see CVE-2025-64484 and CVE-2026-33433: servers merge these spellings, so a gateway must too
 */
export function fold(name: string): string {
  return name.toLowerCase().replace(/[_.]/g, '-')
}

const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
  'expect',
])

/** Whether a header belongs to one connection only (RFC 9110 section 7.6.1). */
export function isHopByHop(folded: string): boolean {
  return HOP_BY_HOP.has(folded)
}

/** Lower-cased names a `Connection` header lists; they belong to that connection only. */
export function connectionTokens(value: string | null): readonly string[] {
  if (value === null) return []
  return value
    .split(',')
    .map((token) => token.trim().toLowerCase())
    .filter((token) => token !== '')
}
