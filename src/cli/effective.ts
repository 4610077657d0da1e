import type { Config, SecretName } from '../ports/config.ts'

/** One value in force, under the name its author would write. */
export interface Effective {
  readonly path: readonly string[]
  readonly value: string | SecretName
}

/** Names of the checked configuration whose author's name or unit is another. */
const WRITTEN: Readonly<Record<string, readonly [name: string, unit: string]>> = {
  absoluteSeconds: ['absolute', 's'],
  idleSeconds: ['idle', 's'],
  rememberSeconds: ['remember', 's'],
  touchSeconds: ['touchEvery', 's'],
  activityWindowSeconds: ['activityWindow', 's'],
  guestSeconds: ['guest', 's'],
  assertionSeconds: ['assertionLife', 's'],
  connectTimeoutMs: ['connectTimeout', 'ms'],
  responseTimeoutMs: ['responseTimeout', 'ms'],
  idleTimeoutMs: ['idleTimeout', 'ms'],
  breakerOpenMs: ['breakerOpen', 'ms'],
  healthEveryMs: ['healthEvery', 'ms'],
  timeoutMs: ['timeout', 'ms'],
  pingSeconds: ['pingEvery', 's'],
  maxMessageBytes: ['maxMessage', 'bytes'],
}

/** Whether a value names a secret. */
export function isSecretName(value: unknown): value is SecretName {
  return typeof value === 'object' && value !== null && 'secret' in value && Object.keys(value).length === 1
}

function shown(value: unknown, unit: string): string {
  if (value === null) return 'none'
  return typeof value === 'number' && unit !== '' ? `${value} ${unit}` : JSON.stringify(value)
}

function leaves(value: unknown, path: readonly string[], unit: string): readonly Effective[] {
  if (isSecretName(value)) return [{ path, value }]
  const isPlainList = Array.isArray(value) && value.every((item) => typeof item !== 'object')
  if (typeof value !== 'object' || value === null || isPlainList) return [{ path, value: shown(value, unit) }]
  const entries = Object.entries(value)
  if (entries.length === 0) return [{ path, value: '{}' }]
  return entries.flatMap(([key, part]) => {
    const [name, ownUnit] = WRITTEN[key] ?? [key, '']
    return leaves(part, [...path, name], ownUnit)
  })
}

/** Every value of a checked configuration, in the words and the order of `hono.config.ts`. */
export function effectiveValues(config: Config): readonly Effective[] {
  // WHY: `host` follows from `origin`; names and ids are the keys an author writes.
  const { host: _host, upstreams, providers, pages, ...rest } = config
  const services = Object.fromEntries(upstreams.map(({ name, ...upstream }) => [name, upstream]))
  const ways = Object.fromEntries(providers.map(({ id, ...provider }) => [id, provider]))
  const templates = Object.entries(pages.templates).map(([name, text]) => ({
    path: ['pages', 'templates', name],
    // WHY: a whole document in a table of values says nothing; its size tells which one it is.
    value: `document of ${new TextEncoder().encode(text).length} bytes`,
  }))
  const files = [...pages.files].map(([name, { type, bytes }]) => ({
    path: name === pages.sheet ? ['pages', 'style'] : ['pages', 'assets', name],
    value: `${type}, ${bytes.length} bytes`,
  }))
  return [...leaves({ ...rest, upstreams: services, providers: ways }, [], ''), ...templates, ...files]
}
