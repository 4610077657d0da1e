/** The providers of the demo, in the order of their ports. */
export const PROVIDER_IDS = ['google', 'apple', 'slack', 'github', 'microsoft', 'discord'] as const

/** One of the demo's providers. */
export type ProviderId = (typeof PROVIDER_IDS)[number]

/** Where every part of the demo listens. */
export interface Addresses {
  readonly gatewayPort: number
  readonly upstreamPort: number
  readonly providersPort: number
  /** Postern's external origin. */
  readonly gateway: string
  readonly upstream: string
  readonly providers: Readonly<Record<ProviderId, string>>
  /** emulate's own Slack, behind the Slack port, which adds OpenID to it. */
  readonly slackApiPort: number
  /** Folder of everything that survives a restart, relative to the repository. */
  readonly state: string
}

function portFrom(env: Environment, name: string, fallback: number, highest = 65_535): number {
  const text = env[name] ?? ''
  if (text === '') return fallback
  const port = Number(text)
  if (Number.isInteger(port) && port >= 1 && port <= highest) return port
  throw new RangeError(`${name} is "${text}"; it is a port between 1 and ${highest}`)
}

/** Environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>

/**
 * The addresses of a demo run: the usual ones, or those named by DEMO_GATEWAY_PORT, DEMO_UPSTREAM_PORT,
 * DEMO_PROVIDERS_PORT (the first of seven) and DEMO_STATE.
 *
 * @throws RangeError when a port is not a port
 */
export function addressesFrom(env: Environment): Addresses {
  const gatewayPort = portFrom(env, 'DEMO_GATEWAY_PORT', 8787)
  const upstreamPort = portFrom(env, 'DEMO_UPSTREAM_PORT', 2567)
  const providersPort = portFrom(env, 'DEMO_PROVIDERS_PORT', 4010, 65_535 - PROVIDER_IDS.length)
  // WHY: Postern is on localhost and the providers on 127.0.0.1, two different sites, as in the real world:
  // on one site a build whose cookies are all SameSite=Lax would pass by luck.
  const provider = (index: number): string => `http://127.0.0.1:${providersPort + index}`
  return {
    gatewayPort,
    upstreamPort,
    providersPort,
    gateway: `http://localhost:${gatewayPort}`,
    upstream: `http://127.0.0.1:${upstreamPort}`,
    providers: {
      google: provider(0),
      apple: provider(1),
      slack: provider(2),
      github: provider(3),
      microsoft: provider(4),
      discord: provider(5),
    },
    slackApiPort: providersPort + PROVIDER_IDS.length,
    state: env['DEMO_STATE'] || '.demo/state',
  }
}

/** The environment that leads `addressesFrom` to the same addresses: for child processes. */
export function addressVariables(addresses: Addresses): Readonly<Record<string, string>> {
  return {
    DEMO_GATEWAY_PORT: String(addresses.gatewayPort),
    DEMO_UPSTREAM_PORT: String(addresses.upstreamPort),
    DEMO_PROVIDERS_PORT: String(addresses.providersPort),
    DEMO_STATE: addresses.state,
  }
}
