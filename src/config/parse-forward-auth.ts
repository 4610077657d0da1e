import type { AskingProxy, Upstream } from '../ports/config.ts'
import { parseNetworks } from './parse-network.ts'
import { nearest, type Reader } from './reader.ts'
import { parseSecret } from './secret-name.ts'

const KINDS: readonly AskingProxy['kind'][] = ['nginx', 'caddy', 'traefik', 'envoy']

/** The proxies that may ask, by the name of their kind; none unless named. */
export function parseForwardAuth(read: Reader, upstreams: readonly Upstream[]): readonly AskingProxy[] {
  const proxies = KINDS.flatMap((kind) => {
    if (read.raw(kind) === undefined) return []
    const entry = read.section(kind)
    const proxy: AskingProxy = {
      kind,
      secret: parseSecret(entry, 'secret'),
      addresses: parseNetworks(entry, 'addresses'),
      upstreams: parseReached(entry, upstreams),
    }
    entry.end()
    return [proxy]
  })
  for (const [index, proxy] of proxies.entries()) {
    const other = proxies.slice(0, index).find(({ secret }) => secret.secret === proxy.secret.secret)
    if (other !== undefined)
      read.fault(`${proxy.kind}.secret`, `is also the secret of ${other.kind}: each proxy proves itself by its own`)
  }
  read.end()
  return proxies
}

function parseReached(read: Reader, upstreams: readonly Upstream[]): readonly string[] {
  const names = upstreams.map(({ name }) => name)
  const wanted = read.raw('upstreams') === undefined ? names : read.texts('upstreams')
  if (wanted.length === 0) read.fault('upstreams', 'must not be empty: leave it out for all of them')
  for (const [index, name] of wanted.entries()) {
    const upstream = upstreams.find((one) => one.name === name)
    const at = `upstreams.${index}`
    if (upstream === undefined) {
      const near = nearest(name, names)
      const hint = near === null ? `configured are ${names.join(', ')}` : `did you mean "${near}"?`
      read.fault(at, `names "${name}", which is not a configured upstream; ${hint}`)
    } else if (upstream.sign === 'message') {
      read.fault(at, `"${name}" has sign: 'message', which signs what Postern sends; here the proxy sends it`)
    } else if (upstream.stripPrefix !== '') {
      read.fault(at, `"${name}" has stripPrefix, but here the proxy sends the path: strip it there, and remove it here`)
    }
  }
  return wanted
}
