import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { isThisMachine } from '../../core/address.ts'
import type { Config, Upstream } from '../../ports/config.ts'
import { effectiveValues } from '../effective.ts'
import type { Io } from '../io.ts'
import type { Settings } from '../settings.ts'
import { type DoctorNote, note } from './notes.ts'

/** A runtime that a deployment is meant for. */
export type Target = 'node' | 'deno' | 'workers'

const AREA = 'target'
const error = (message: string): DoctorNote => note(AREA, 'error', message)
const warning = (message: string): DoctorNote => note(AREA, 'warning', message)

const WRANGLER = 'wrangler.toml'

/** Values of a key anywhere in a TOML file: enough for flat strings and lists of strings. */
function tomlValues(text: string, key: string): readonly string[] {
  const lines = text.split('\n').filter((line) => !/^\s*#/.test(line))
  return lines.flatMap((line) => {
    const written = new RegExp(`^\\s*${key}\\s*=\\s*(.*)$`).exec(line)?.[1] ?? ''
    return [...written.matchAll(/"([^"]*)"|'([^']*)'/g)].map(([, double, single]) => double ?? single ?? '')
  })
}

function upstreamOnWorkers(
  { name, url, binding, preserveHost }: Upstream,
  bindings: readonly string[],
): readonly DoctorNote[] {
  const { hostname } = new URL(url)
  const isAddress = /^\d{1,3}(\.\d{1,3}){3}$/.test(hostname) || hostname.startsWith('[')
  const place = `upstreams.${name}`
  const reach = isThisMachine(hostname)
    ? [warning(`${place}.url is ${url}: a deployed Worker cannot reach this machine; right for development only`)]
    : isAddress
      ? [
          error(
            `${place}.url is ${url}: Workers refuse to call a bare IP address; give it a host name, or use a binding`,
          ),
        ]
      : []
  return [
    ...(binding === null ? reach : []),
    ...(binding !== null && !bindings.includes(binding)
      ? [
          error(
            `${place}.binding is "${binding}", which ${WRANGLER} does not have: add [[services]] with binding = "${binding}"`,
          ),
        ]
      : []),
    ...(preserveHost
      ? [error(`${place}.preserveHost: Workers cannot send another Host than the address has; remove it`)]
      : []),
  ]
}

function wranglerProblems(io: Io, config: Config): readonly DoctorNote[] {
  const path = resolve(io.cwd, WRANGLER)
  if (!existsSync(path)) return [error(`${WRANGLER} is missing: run "postern init", which writes what is not there`)]
  const text = readFileSync(path, 'utf8')
  const [main] = tomlValues(text, 'main')
  const names = tomlValues(text, 'name')
  return [
    ...(main === undefined || !existsSync(resolve(io.cwd, main))
      ? [
          error(
            `${WRANGLER}: main is "${main ?? ''}", which is not there; on Workers a deployment is a copy of the repository`,
          ),
        ]
      : []),
    ...(tomlValues(text, 'compatibility_flags').includes('nodejs_compat')
      ? []
      : [error(`${WRANGLER}: compatibility_flags must contain "nodejs_compat"`)]),
    ...(config.store.kind === 'embedded' && !names.includes('STORE')
      ? [
          error(
            `${WRANGLER}: the embedded store needs [[durable_objects.bindings]] with name = "STORE", class_name = "StoreObject"`,
          ),
        ]
      : []),
    ...(names.includes('SOCKETS')
      ? []
      : [
          warning(
            `${WRANGLER}: without [[durable_objects.bindings]] named SOCKETS, class_name = "SocketObject", only rules with lease: off take sockets`,
          ),
        ]),
    ...(config.store.kind === 'embedded' && !tomlValues(text, 'new_sqlite_classes').includes('StoreObject')
      ? [error(`${WRANGLER}: the embedded store needs [[migrations]] with new_sqlite_classes = ["StoreObject"]`)]
      : []),
  ]
}

function filesOnly(config: Config, settings: Settings): readonly DoctorNote[] {
  const secrets = effectiveValues(config).flatMap(({ value }) => (typeof value === 'string' ? [] : [value.secret]))
  const inFiles = secrets.filter((name) => settings(name)?.origin.startsWith('file '))
  return inFiles.map((name) => warning(`${name}_FILE means nothing on Workers: run "wrangler secret put ${name}"`))
}

function workers(io: Io, config: Config, settings: Settings): readonly DoctorNote[] {
  const path = resolve(io.cwd, WRANGLER)
  const bindings = existsSync(path) ? tomlValues(readFileSync(path, 'utf8'), 'binding') : []
  return [
    ...config.upstreams.flatMap((upstream) => upstreamOnWorkers(upstream, bindings)),
    ...(config.store.kind === 'redis'
      ? [error('store.kind redis speaks TCP, which Workers cannot: use upstash (the same Redis over REST) or embedded')]
      : []),
    ...(config.trustedProxies.length > 0
      ? [warning('trustedProxies means nothing on Workers: the platform says who calls')]
      : []),
    ...(config.platform === 'self'
      ? [
          warning(
            "platform is 'self', so no client address is known: behind Cloudflare's own edge write platform: 'cloudflare'",
          ),
        ]
      : []),
    ...(config.origin.startsWith('http:')
      ? [warning(`origin is ${config.origin}: right for wrangler dev, but a deployed Worker needs its https origin`)]
      : []),
    ...wranglerProblems(io, config),
    ...filesOnly(config, settings),
  ]
}

function processes(config: Config): readonly DoctorNote[] {
  const bound = config.upstreams.filter(({ binding }) => binding !== null)
  return [
    ...bound.map(({ name, url }) => warning(`upstreams.${name}.binding means nothing here: ${url} is called instead`)),
    ...(config.platform === 'cloudflare'
      ? [
          warning(
            "platform is 'cloudflare': right only when nothing but Cloudflare can reach this port, else anybody may claim any address",
          ),
        ]
      : []),
  ]
}

/** What a runtime cannot do of what the configuration asks for. */
export function examineTarget(io: Io, config: Config, settings: Settings, target: Target): readonly DoctorNote[] {
  const notes = target === 'workers' ? workers(io, config, settings) : processes(config)
  return notes.length === 0 ? [note(AREA, 'ok', `nothing here is too much for ${target}`)] : notes
}
