import { seconds } from '../core/brand.ts'
import { err, ok, type Result } from '../core/result.ts'
import type { Config, SessionConfig, StoreConfig } from '../ports/config.ts'
import { parseAdminPermissions } from './parse-admin.ts'
import { parseForwardAuth } from './parse-forward-auth.ts'
import { parseNativeClients } from './parse-native.ts'
import {
  parseClientCertificate,
  parseHosts,
  parseNetworks,
  parseOrigin,
  parseReturnOrigins,
  parseSockets,
  SECRET_HEADERS,
} from './parse-network.ts'
import { parsePages } from './parse-pages.ts'
import { parseProviders, parseTextMap, parseUpstreams } from './parse-parts.ts'
import { parseEmbed, parseLimits, parseLoad } from './parse-sign-in.ts'
import { checkNamedByMail } from './provider-checks.ts'
import { type ConfigProblem, nearest, Reader } from './reader.ts'
import { parseSecret } from './secret-name.ts'

const DAY = 86_400
const YEAR = 365 * DAY

/**
 * The checked configuration, or every problem it has.
 *
 * @param input - what `hono.config.ts` exports by default
 */
export function parseConfig(input: unknown): Result<Config, readonly ConfigProblem[]> {
  const problems: ConfigProblem[] = []
  const read = new Reader(input, '', problems)
  const origin = parseOrigin(read)
  const prefix = parsePrefix(read)
  const host = URL.parse(origin)?.host ?? ''
  const hosts = parseHosts(read, origin)
  const upstreams = parseUpstreams(read)
  const config: Config = {
    origin,
    host,
    brand: parseBrand(read.section('brand'), origin),
    pages: parsePages(read.section('pages'), prefix),
    hosts,
    prefix,
    upstreams,
    providers: parseProviders(read),
    session: parseSession(read.section('session')),
    store: parseStore(read),
    signup: read.choice('signup', ['open', 'closed'], 'open'),
    guests: read.choice('guests', ['on', 'off'], 'off'),
    limits: parseLimits(read.section('limits')),
    load: parseLoad(read.section('load')),
    sockets: parseSockets(read.section('sockets')),
    embed: parseEmbed(read.section('embed'), host, hosts, URL.parse(origin)?.protocol ?? ''),
    firstAdmins: parseFirstAdmins(read),
    people: parsePeople(read),
    adminRole: read.optionalText('adminRole'),
    adminPermissions: parseAdminPermissions(read.section('adminPermissions')),
    assertion: parseAssertion(read.section('assertion')),
    attributes: parseAttributes(read),
    staticTokens: parseStaticTokens(read),
    trustedProxies: parseNetworks(read, 'trustedProxies'),
    clientCertificate: parseClientCertificate(read),
    forwardAuth: parseForwardAuth(read.section('forwardAuth'), upstreams),
    nativeClients: parseNativeClients(read),
    platform: read.choice('platform', ['cloudflare', 'self'], 'self'),
    returnOrigins: parseReturnOrigins(read),
    firstVisitPage: parseOwnPath(read, 'firstVisitPage'),
    nameMissingPermission: read.flag('nameMissingPermission', true),
    maxCookieBytes: read.integer('maxCookieBytes', 1024, 65_536, 16_384),
    policies: read.text('policies', 'policies'),
  }
  read.end()
  noteStrangers(read, config)
  checkNamedByMail(read, config)
  return problems.length === 0 ? ok(config) : err(problems)
}

function noteStrangers(read: Reader, { providers, firstAdmins, people, attributes }: Config): void {
  const known = providers.map(({ id }) => id)
  for (const [name, { claims = {} }] of Object.entries(attributes)) {
    for (const id of Object.keys(claims)) {
      if (!known.includes(id)) read.fault(`attributes.${name}.claims.${id}`, 'is of no configured provider')
    }
  }
  for (const [list, persons] of Object.entries({ firstAdmins, people })) {
    for (const [index, { provider }] of persons.entries()) {
      if (provider === '' || known.includes(provider)) continue
      const near = nearest(provider, known)
      const hint = near === null ? '' : `; did you mean "${near}"?`
      read.fault(`${list}.${index}.provider`, `names "${provider}", which is not a configured provider${hint}`)
    }
  }
}

function parseBrand(read: Reader, origin: string): Config['brand'] {
  const homeUrl = read.text('homeUrl', '/')
  const appealUrl = read.optionalText('appealUrl')
  const brand = { name: read.text('name', URL.parse(origin)?.host ?? ''), homeUrl }
  for (const [key, address] of Object.entries({ homeUrl, ...(appealUrl === null ? {} : { appealUrl }) })) {
    const url = URL.parse(address, origin)
    if (url?.protocol !== 'https:' && url?.origin !== origin)
      read.fault(key, `must be a path of this site or an https:// address, not "${address}"`)
  }
  read.end()
  return appealUrl === null ? brand : { ...brand, appealUrl }
}

function parsePrefix(read: Reader): string {
  const prefix = read.text('prefix', '/auth')
  if (/^(\/[a-z0-9_-]+)+$/.test(prefix)) return prefix
  read.fault('prefix', `must be a path such as /auth, of a-z, 0-9, _ and -, not "${prefix}"`)
  return '/auth'
}

function parseSession(read: Reader): SessionConfig {
  const absolute = read.duration('absolute', YEAR, 7 * DAY)
  const idle = read.duration('idle', YEAR, Math.min(8 * 3600, absolute))
  const remember = read.raw('remember') === undefined ? null : read.duration('remember', YEAR, 90 * DAY)
  const session: SessionConfig = {
    absoluteSeconds: seconds(absolute),
    idleSeconds: seconds(idle),
    sliding: read.flag('sliding', true),
    rememberSeconds: remember === null ? null : seconds(remember),
    cacheSeconds: read.integer('cacheSeconds', 0, 5, 5),
    touchSeconds: seconds(read.duration('touchEvery', 60, 60)),
    activityWindowSeconds: seconds(read.raw('activityWindow') === 0 ? 0 : read.duration('activityWindow', DAY, 1800)),
    excess: read.choice('excess', ['evict_oldest', 'refuse'], 'evict_oldest'),
    guestSeconds: seconds(read.duration('guest', 30 * DAY, DAY)),
    tellEnds: read.flag('tellEnds', true),
    clientHeader: parseClientHeader(read),
    recordAddress: read.choice('recordAddress', ['whole', 'truncated', 'off'], 'truncated'),
  }
  if (idle > absolute && session.sliding) {
    read.fault('idle', `must not be longer than absolute: ${idle} s is more than ${absolute} s`)
  }
  read.end()
  return session
}

function parseClientHeader(read: Reader): string {
  const name = read.headerName('clientHeader', 'x-client-type')
  if (!SECRET_HEADERS.includes(name)) return name
  read.fault(
    'clientHeader',
    `must not be "${name}": it carries credentials, and what this header says is kept and shown`,
  )
  return 'x-client-type'
}

function parseStore(read: Reader): StoreConfig {
  const section = read.section('store')
  const kind = section.choice('kind', ['embedded', 'redis', 'upstash'], 'embedded')
  const store: StoreConfig =
    kind === 'embedded'
      ? { kind, file: section.text('file', '.postern/store.sqlite'), shards: section.integer('shards', 1, 1024, 16) }
      : kind === 'redis'
        ? {
            kind,
            url: parseSecret(section, 'url'),
            prefix: section.text('prefix', 'postern'),
            cluster: section.flag('cluster', false),
          }
        : {
            kind,
            url: parseSecret(section, 'url'),
            token: parseSecret(section, 'token'),
            prefix: section.text('prefix', 'postern'),
          }
  section.end()
  return store
}

function parseAssertion(read: Reader): Config['assertion'] {
  const algorithm = read.choice('algorithm', ['ES256', 'EdDSA'], 'ES256')
  const keys = read.raw('keys') === undefined ? null : parseSecret(read, 'keys')
  if (keys !== null && read.raw('algorithm') !== undefined)
    read.fault('algorithm', 'is that of the first given key: leave it out')
  read.end()
  return { algorithm, keys }
}

function parsePerson(entry: Reader): Config['firstAdmins'][number] {
  const person = {
    provider: entry.text('provider', null),
    subject: entry.optionalText('subject'),
    email: entry.optionalText('email'),
  }
  if ((person.subject === null) === (person.email === null))
    entry.fault('', 'must have a subject or an email, one of the two')
  return person
}

function parseFirstAdmins(read: Reader): Config['firstAdmins'] {
  return read.list('firstAdmins').map((item, index) => {
    const entry = new Reader(item, `firstAdmins.${index}`, read.problems)
    const admin = parsePerson(entry)
    entry.end()
    return admin
  })
}

function parsePeople(read: Reader): Config['people'] {
  return read.list('people').map((item, index) => {
    const entry = new Reader(item, `people.${index}`, read.problems)
    const person = { ...parsePerson(entry), roles: entry.texts('roles') }
    if (person.roles.length === 0) entry.fault('roles', 'must list at least one role')
    entry.end()
    return person
  })
}

function parseAttributes(read: Reader): Config['attributes'] {
  const attributes: Record<string, Config['attributes'][string]> = {}
  for (const [name, entry] of read.entries('attributes')) {
    if (!/^[a-z][a-z0-9_]{0,39}$/.test(name)) entry.fault('', `must be named in a-z, 0-9 and _, not "${name}"`)
    attributes[name] = {
      type: entry.choice('type', ['string', 'number', 'boolean'], 'string'),
      public: entry.flag('public', false),
      maxLength: entry.integer('maxLength', 1, 1024, 256),
      claims: parseTextMap(entry, 'claims'),
    }
    entry.end()
  }
  return attributes
}

function parseStaticTokens(read: Reader): Config['staticTokens'] {
  return read.list('staticTokens').map((item, index) => {
    const entry = new Reader(item, `staticTokens.${index}`, read.problems)
    const token = {
      name: entry.text('name', null),
      secret: parseSecret(entry, 'secret'),
      permissions: entry.texts('permissions'),
    }
    if (token.permissions.length === 0) entry.fault('permissions', 'must list at least one permission')
    entry.end()
    return token
  })
}

function parseOwnPath(read: Reader, key: string): string | null {
  const path = read.optionalText(key)
  if (path !== null && !/^\/[A-Za-z0-9\-._~/]*$/.test(path))
    read.fault(key, `must be a path of this site such as /welcome, not "${path}"`)
  return path
}
