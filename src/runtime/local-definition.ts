import { type Environment, resolveDefinition } from '../config/define.ts'
import { isLocalToBrowsers } from '../core/address.ts'

/** Where a deployment is served whose configuration names no port of this machine. */
const USUAL_PORT = 8787

/**
 * The definition of a deployment as a developer's own machine serves it: plain http on a local name.
 *
 * A local origin keeps its name. Of a public one the host stays known, for rules and tests that name it; what needs https
 * (`embed`) is off. What is wrong with an origin is left for the check to say.
 *
 * @param port - null: that of a local origin, else 8787
 */
export function locally(definition: unknown, port: number | null): (environment: Environment) => unknown {
  return (environment) => {
    const input = resolveDefinition(definition, environment)
    if (typeof input !== 'object' || input === null) return input
    const { origin, hosts } = input as { readonly origin?: unknown; readonly hosts?: unknown }
    const url = typeof origin === 'string' ? URL.parse(origin) : null
    if (url === null || url.origin !== origin) return input
    if (url.protocol === 'http:')
      return isLocalToBrowsers(url.hostname)
        ? { ...input, origin: originAt(url.hostname, port ?? Number(url.port || USUAL_PORT)) }
        : input
    const known = hosts === undefined ? [url.host] : Array.isArray(hosts) ? [...hosts, url.host] : hosts
    return { ...input, origin: originAt('localhost', port ?? USUAL_PORT), hosts: known, embed: undefined }
  }
}

function originAt(hostname: string, port: number): string {
  return new URL(`http://${hostname}:${port}`).origin
}
