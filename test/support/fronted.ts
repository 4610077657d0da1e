import { createEmulator } from 'emulate'
import { type Deployment, type RuntimeName, startDeployment } from './deployment.ts'
import { type RunningFront, startCaddy, startEnvoy, startNginx } from './front-proxy.ts'
import { ask } from './http.ts'
import { freePorts } from './ports.ts'
import { startWire, type Wire } from './wire.ts'

/** Secrets of the proxies in `test/support/deployments/fronted`. */
export const PROXY_SECRETS = {
  nginx: 'nginx-secret-of-this-test-0123456789',
  caddy: 'caddy-secret-of-this-test-0123456789',
  traefik: 'traefik-secret-of-this-test-0123456789',
  envoy: 'envoy-secret-of-this-test-0123456789',
} as const

/** A game, Postern and a real proxy in front of both. */
export interface Fronted {
  readonly origin: string
  readonly port: number
  readonly game: Wire
  readonly postern: Deployment
  readonly front: RunningFront
  stop(): Promise<void>
}

/** The environment of the deployment. */
export function frontedEnvironment(origin: string, game: number, issuer: string): Readonly<Record<string, string>> {
  return {
    FRONT_ORIGIN: origin,
    GAME_PORT: String(game),
    GOOGLE_ISSUER: issuer,
    GOOGLE_CLIENT_SECRET: 'a-secret-of-this-test',
    POSTERN_NGINX_SECRET: PROXY_SECRETS.nginx,
    POSTERN_CADDY_SECRET: PROXY_SECRETS.caddy,
    POSTERN_TRAEFIK_SECRET: PROXY_SECRETS.traefik,
    POSTERN_ENVOY_SECRET: PROXY_SECRETS.envoy,
  }
}

/** The cookie of a guest, who became one at the host the proxy is known by. */
export async function frontedGuest(postern: Deployment, host: string): Promise<string> {
  const answer = await ask(`${postern.gateway}/auth/guest`, {
    method: 'POST',
    body: new URLSearchParams(),
    headers: { host, origin: `http://${host}`, 'sec-fetch-site': 'same-origin', accept: 'text/html' },
  })
  const cookie = answer.headers.getSetCookie().find((line) => line.startsWith('__Host-postern'))
  if (cookie === undefined) throw new Error(`no guest: ${answer.status} ${await answer.text()}`)
  return cookie.split(';')[0] ?? ''
}

async function startGoogle(origin: string): Promise<{ readonly issuer: string; close(): Promise<void> }> {
  const port = await freePorts(1)
  const issuer = `http://127.0.0.1:${port}`
  const users = [{ email: 'ada@players.example', name: 'Ada Lindgren', login: 'ada', email_verified: true }]
  const client = {
    client_id: 'postern-demo.apps.googleusercontent.com',
    client_secret: 'a-secret-of-this-test',
    name: 'Postern',
    redirect_uris: [`${origin}/auth/callback/google`],
  }
  const seed = { google: { users, oauth_clients: [client] } }
  const emulator = await createEmulator({ service: 'google', seed, port, hostname: '127.0.0.1', baseUrl: issuer })
  return { issuer, close: () => emulator.close() }
}

/** How each proxy that is tested for real is started. */
export const STARTERS = { nginx: startNginx, caddy: startCaddy, envoy: startEnvoy } as const

/** Starts a game, a provider, Postern, and the sample of deploy/ for this proxy in front of them. */
export async function startFronted(kind: keyof typeof STARTERS, runtime: RuntimeName): Promise<Fronted> {
  const port = await freePorts(1)
  const origin = `http://localhost:${port}`
  const game = await startWire()
  const google = await startGoogle(origin)
  const environment = frontedEnvironment(origin, game.port, google.issuer)
  const postern = await startDeployment({ runtime, name: 'fronted', environment })
  const front = await STARTERS[kind]({ port, postern: postern.port, game: game.port, secret: PROXY_SECRETS[kind] })
  return {
    origin,
    port,
    game,
    postern,
    front,
    async stop() {
      await front.stop()
      await postern.stop()
      await google.close()
      await game.stop()
    },
  }
}
