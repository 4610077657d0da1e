import { DIALECTS, mapEntry } from './dialects.ts'
import type { Receiver } from './receiver.ts'

const NOT_ALPHANUMERIC = /[^a-z0-9]/g

/**
 * A header name as the most forgiving server reads it: lower-case, `_` and `.` and every other sign turned into `-`.
 *
 * @see security.md rows 9, 78, 91: `X_Forwarded_User`, `X.Auth.User` and `Remote_Groups` met the trusted name in CGI
 * variables; some servers turn every sign that is not alphanumeric into `_`
 */
export function fold(name: string): string {
  return name.toLowerCase().replace(NOT_ALPHANUMERIC, '-')
}

/** Folded names that never pass from a client to an upstream, whatever is configured. `Authorization` is not one of them. */
export const MANAGED_NAMES: readonly string[] = [
  ...new Set(
    Object.entries(DIALECTS)
      .filter(([dialect]) => dialect !== 'bearer')
      .flatMap(([, headers]) => headers.map(([name]) => fold(name))),
  ),
  // who is asking, as other proxies say it
  'client-cert',
  'client-cert-chain',
  'x-client-cert',
  'x-arr-clientcert',
  // where the request came from
  'forwarded',
  'x-forwarded',
  'forwarded-for',
  'forwarded-host',
  'forwarded-proto',
  'x-real-ip',
  'x-client-ip',
  'client-ip',
  'true-client-ip',
  'x-cluster-client-ip',
  'x-originating-ip',
  'x-remote-ip',
  'x-remote-addr',
  'fastly-client-ip',
  'cf-connecting-ip',
  'cf-connecting-ipv6',
  'cf-connecting-o2o',
  'cf-pseudo-ipv4',
  'via',
  'x-host',
  'x-http-host-override',
  'x-proxyuser-ip',
  'x-proxy-user',
  'x-scheme',
  'x-url-scheme',
  'front-end-https',
  // what is being asked
  'x-http-method',
  'x-http-method-override',
  'x-method-override',
  'x-http-path-override',
  'x-override-url',
  // internal marks of frameworks and proxies that some versions took from clients
  'x-middleware-subrequest',
  'x-middleware-rewrite',
  'x-middleware-next',
  'x-matched-path',
  'x-now-route-matches',
]

/**
 * Reserved names, in their own spelling, that a proxy in front sets itself or deletes before it asks or forwards; every
 * sample in deploy/ does. In a call of forward-auth any other reserved name was written by the client.
 */
export const PROXY_NAMES: ReadonlySet<string> = new Set([
  ...['postern-proxy-secret', 'x-original-uri', 'x-original-method', 'x-forwarded-for', 'x-forwarded-host'],
  ...['x-forwarded-proto', 'x-forwarded-method', 'x-forwarded-uri', 'x-forwarded-port', 'x-forwarded-server'],
  ...['forwarded', 'via', 'x-real-ip', 'x-client-ip', 'client-ip', 'true-client-ip', 'x-cluster-client-ip'],
  ...['cf-connecting-ip', 'cf-connecting-ipv6', 'cf-connecting-o2o', 'cf-pseudo-ipv4', 'fastly-client-ip'],
])

/** Folded beginnings of such names. */
export const MANAGED_PREFIXES: readonly string[] = [
  'postern-',
  'remote-',
  'x-remote-user',
  'x-remote-group',
  'x-remote-extra-',
  'x-webauth-',
  'x-auth-request-',
  'x-goog-iap-',
  'x-goog-authenticated-user-',
  'cf-access-',
  'x-pomerium-',
  'x-amzn-oidc-',
  'x-ms-client-principal',
  'x-authentik-',
  'x-forwarded-',
  'x-forward-',
  'x-original-',
  'x-rewrite-',
  'x-envoy-',
  'x-ssl-client-',
  'ssl-client-',
]

const NAMES: ReadonlySet<string> = new Set(MANAGED_NAMES)

/**
 * The further folded names managed for a request to `receiver`: assertion headers and own maps of every upstream, and,
 * only where this one writes them, `authorization` and the message signature.
 *
 * @param all - every configured upstream: one upstream's map is kept from clients on every route
 */
export function managedFor(receiver: Receiver | null, all: readonly Receiver[]): ReadonlySet<string> {
  const names = new Set<string>()
  for (const one of all) {
    names.add(fold(one.assertionHeader))
    for (const dialect of one.dialects) {
      const entry = mapEntry(dialect)
      if (entry !== null) names.add(fold(entry[0]))
    }
  }
  names.delete('authorization')
  if (receiver === null) return names
  if (writesAuthorization(receiver)) names.add('authorization')
  if (receiver.sign === 'message') for (const name of ['signature', 'signature-input']) names.add(name)
  return names
}

/** Whether this upstream is given the assertion as its `Authorization`; then the client's own never reaches it. */
export function writesAuthorization(receiver: Receiver): boolean {
  const mapped = receiver.dialects.some((dialect) => fold(mapEntry(dialect)?.[0] ?? '') === 'authorization')
  return mapped || receiver.dialects.includes('bearer') || fold(receiver.assertionHeader) === 'authorization'
}

/** Whether a folded name is Postern's to set or drop: then a client's header of that name never reaches an upstream. */
export function isReserved(folded: string, managed: ReadonlySet<string>): boolean {
  return NAMES.has(folded) || managed.has(folded) || MANAGED_PREFIXES.some((prefix) => folded.startsWith(prefix))
}

/** How many spellings a guard remembers, and how long they may be; clients choose them. */
const MOST_SPELLINGS = 1024
const LONGEST_SPELLING = 64

/**
 * `isReserved` for raw header names, with its answers remembered: real clients send the same few dozen spellings.
 *
 * @param managed - what `managedFor` gave for the upstream of the request
 */
export function headerGuard(managed: ReadonlySet<string>): (name: string) => boolean {
  const known = new Map<string, boolean>()
  return function reserved(name: string): boolean {
    const seen = known.get(name)
    if (seen !== undefined) return seen
    const answer = isReserved(fold(name), managed)
    // WHY: when full it stays as it is; invented names then cost what they cost without it.
    if (known.size < MOST_SPELLINGS && name.length <= LONGEST_SPELLING) known.set(name, answer)
    return answer
  }
}
