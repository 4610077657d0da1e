import { isThisMachine } from '../core/address.ts'
import { seconds } from '../core/brand.ts'
import { PROVIDER_KINDS } from '../core/provider-kinds.ts'
import { ADMISSION_LISTS } from '../core/provider-proofs.ts'
import { canonicalTarget } from '../core/target.ts'
import { PRESETS, type Preset } from '../core/upstream-presets.ts'
import type { ProviderConfig, Upstream } from '../ports/config.ts'
import { checkAdmission, checkOptions } from './provider-checks.ts'
import { hasMembers, type Reader } from './reader.ts'
import { parseSecret } from './secret-name.ts'

const DIALECTS = ['postern', 'forwarded', 'remote', 'webauth', 'iap', 'cf-access', 'pomerium', 'alb', 'bearer']
const KINDS = Object.keys(PROVIDER_KINDS)
const NAMES: Readonly<Record<string, string>> = { github: 'GitHub', linkedin: 'LinkedIn', x: 'X' }

/** Close codes of Postern by which a client is told something else than to come back: docs/sockets.md. */
const TELLING_CODES: readonly number[] = [4401, 4403, 4409, 4423, 4503]

/** All upstreams by name; at least one. */
export function parseUpstreams(read: Reader): readonly Upstream[] {
  const upstreams = read.entries('upstreams').map(([name, entry]) => parseUpstream(name, entry))
  if (upstreams.length === 0) read.fault('upstreams', 'must name at least one upstream')
  return upstreams
}

function parseUpstream(name: string, read: Reader): Upstream {
  if (!/^[a-z][a-z0-9-]{0,39}$/.test(name)) read.fault('', `must be named in a-z, 0-9 and -, not "${name}"`)
  const preset = parsePreset(read)
  const upstream: Upstream = {
    name,
    url: parseUpstreamUrl(read),
    dialects: parseDialects(read, preset.dialects),
    claims: read.raw('claims') === undefined ? null : read.texts('claims'),
    audience: read.text('audience', name),
    assertionHeader: read.headerName('assertionHeader', preset.assertionHeader.toLowerCase()),
    assertionSeconds: seconds(read.duration('assertionLife', 60, 60)),
    sign: read.choice('sign', ['none', 'message'], 'none'),
    messageSecret: parseMessageSecret(read),
    stripPrefix: parseStripPrefix(read),
    connectTimeoutMs: read.duration('connectTimeout', 60, 5) * 1000,
    responseTimeoutMs: read.duration('responseTimeout', 3600, 60) * 1000,
    idleTimeoutMs: read.duration('idleTimeout', 86_400, 300) * 1000,
    breakerFailures: read.integer('breakerFailures', 0, 1000, 5),
    breakerOpenMs: read.duration('breakerOpen', 600, 5) * 1000,
    healthPath: parseHealthPath(read),
    healthEveryMs: read.duration('healthEvery', 3600, 10) * 1000,
    problemType: read.choice(
      'problemType',
      ['application/problem+json', 'application/json'],
      'application/problem+json',
    ),
    binding: read.optionalText('binding'),
    preserveHost: read.flag('preserveHost', false),
    events: parseEvents(read),
    caseInsensitive: read.flag('caseInsensitive', false),
    reconnectCode: parseReconnectCode(read, preset.reconnectCode ?? 1012),
  }
  read.end()
  return upstream
}

function parseMessageSecret(read: Reader): Upstream['messageSecret'] {
  if (read.raw('messageSecret') === undefined) return null
  if (read.raw('sign') === undefined || read.raw('sign') === 'none')
    read.fault('messageSecret', "signs nothing while sign is 'none': say sign: 'message', or leave it out")
  return parseSecret(read, 'messageSecret')
}

function parseEvents(read: Reader): string | null {
  const path = read.optionalText('events')
  const target = path === null ? null : canonicalTarget(path)
  if (path === null || (target?.ok === true && target.value.path === path)) return path
  read.fault('events', `must be a path of the upstream such as /internal/events, not "${path}"`)
  return null
}

function parseHealthPath(read: Reader): string | null {
  const path = read.optionalText('healthPath')
  if (path === null || /^\/[!-~]*$/.test(path)) return path
  read.fault('healthPath', `must be a path such as /healthz, not "${path}"`)
  return null
}

function parseStripPrefix(read: Reader): string {
  const prefix = read.text('stripPrefix', '/')
  const target = canonicalTarget(prefix)
  if (prefix === '/') return ''
  if (target.ok && target.value.path === prefix && !prefix.endsWith('/')) return prefix
  read.fault('stripPrefix', `must be a path such as /game, without a slash at its end, not "${prefix}"`)
  return ''
}

function parseUpstreamUrl(read: Reader): string {
  const value = read.text('url', null)
  const url = URL.parse(value)
  const allowsHttp = read.flag('dangerouslyAllowHttpUpstream', false)
  if (url === null || url.origin !== value) {
    read.fault('url', `must be an origin such as https://game.internal.example, without path or slash, not "${value}"`)
    return value
  }
  if (url.protocol !== 'https:' && url.protocol !== 'http:')
    read.fault('url', `must be http or https, which WebSockets use too, not "${value}"`)
  if (url.protocol === 'http:' && !isThisMachine(url.hostname) && !allowsHttp) {
    read.fault('url', 'is plain http to another machine: use https, or say dangerouslyAllowHttpUpstream: true')
  }
  return value
}

function parseReconnectCode(read: Reader, fallback: number): number {
  const code = read.integer('reconnectCode', 1012, 4999, fallback)
  if (TELLING_CODES.includes(code)) {
    const why = 'by which clients are told the end of a session or an outage: docs/sockets.md'
    read.fault('reconnectCode', `must not be ${code}, ${why}`)
    return fallback
  }
  if (code === 1012 || code >= 4000) return code
  read.fault('reconnectCode', `must be 1012 or from 4000 to 4999, not ${code}: the codes between are taken (RFC 6455)`)
  return fallback
}

function parsePreset(read: Reader): Preset {
  const name = read.optionalText('preset')
  const plain: Preset = { dialects: ['postern'], assertionHeader: 'postern-assertion' }
  if (name === null) return plain
  const preset = Object.hasOwn(PRESETS, name) ? PRESETS[name] : undefined
  if (preset === undefined) read.fault('preset', `must be one of ${Object.keys(PRESETS).join(', ')}, not "${name}"`)
  return preset ?? plain
}

function parseDialects(read: Reader, usual: readonly string[]): readonly string[] {
  if (read.raw('dialects') === undefined) return usual
  const dialects = read.texts('dialects')
  for (const dialect of dialects) {
    // WHY: an entry of an own map, `X-Player=user`; what it may name is judged where headers are known.
    if (!DIALECTS.includes(dialect) && !dialect.includes('=')) {
      read.fault('dialects', `must be of ${DIALECTS.join(', ')}, or a map such as X-Player=user, not "${dialect}"`)
    }
  }
  return dialects
}

/** All providers by id. */
export function parseProviders(read: Reader): readonly ProviderConfig[] {
  return read.entries('providers').map(([id, entry]) => parseProvider(id, entry))
}

function nameOf(id: string): string {
  const known = Object.hasOwn(NAMES, id) ? NAMES[id] : undefined
  return known ?? id.charAt(0).toUpperCase() + id.slice(1)
}

function parseProvider(id: string, read: Reader): ProviderConfig {
  if (!/^[a-z][a-z0-9-]{0,31}$/.test(id)) read.fault('', `must be named in a-z, 0-9 and -, not "${id}"`)
  const kind = read.text('kind', id)
  if (!KINDS.includes(kind)) read.fault('kind', `must be one of ${KINDS.join(', ')}, not "${kind}"`)
  const clientId = read.text('clientId', null)
  if (/^(GOCSPX-|-----BEGIN )/.test(clientId))
    read.fault('clientId', 'looks like the client secret: put the id here, and name the secret in clientSecret')
  const scopes = read.raw('scopes') === undefined ? null : read.texts('scopes')
  const provider: ProviderConfig = {
    id,
    kind,
    name: read.text('name', nameOf(id)),
    clientId,
    clientSecret: read.raw('clientSecret') === undefined ? null : parseSecret(read, 'clientSecret'),
    scopes,
    options: parseTextMap(read, 'options'),
    admit: parseAdmit(read),
    freshness: read.choice('freshness', ['stated', 'asked', 'sign-in'], 'stated'),
    dangerouslyAllowHttp: read.flag('dangerouslyAllowHttp', false),
    timeoutMs: read.duration('timeout', 30, 8) * 1000,
  }
  checkOptions(read, provider)
  checkAdmission(read, provider)
  read.end()
  return provider
}

/** An object of texts; absent: empty. */
export function parseTextMap(read: Reader, key: string): Readonly<Record<string, string>> {
  const value = read.raw(key) ?? {}
  if (!hasMembers(value)) {
    read.fault(key, 'must be an object of texts')
    return {}
  }
  const map: Record<string, string> = {}
  for (const [name, item] of Object.entries(value)) {
    if (typeof item === 'string') map[name] = item
    else read.fault(`${key}.${name}`, 'must be text')
  }
  return map
}

function parseAdmit(read: Reader): Readonly<Record<string, readonly string[]>> {
  const section = read.section('admit')
  const admit: Record<string, readonly string[]> = {}
  for (const list of Object.keys(ADMISSION_LISTS))
    if (section.raw(list) !== undefined) admit[list] = section.texts(list)
  for (const [list, values] of Object.entries(admit)) {
    if (values.length === 0) section.fault(list, 'must not be empty: an empty list would let nobody in')
  }
  section.end()
  return admit
}
