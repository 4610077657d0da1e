import { defineGateway, type GatewayDefinition, secret } from '../../../../src/config/define.ts'

/** A gateway behind TLS is asked by a test directly, too. */
function behindTls(env: (name: string) => string | undefined): readonly string[] {
  return env('WIRE_ORIGIN') === undefined ? [] : [`localhost:${env('PORT') ?? '8787'}`]
}

/** A deployment for what passes over the wire: one upstream that a test runs itself, guests as players. */
const definition: GatewayDefinition = defineGateway((env) => ({
  origin: env('WIRE_ORIGIN') ?? `http://localhost:${env('PORT') ?? '8787'}`,
  hosts: ['worlds.example', `127.0.0.1:${env('PORT') ?? '8787'}`, ...behindTls(env)],
  upstreams: {
    wire: {
      url: `http://127.0.0.1:${env('WIRE_PORT') ?? '2567'}`,
      connectTimeout: 2,
      responseTimeout: 3,
      idleTimeout: 5,
    },
    second: {
      url: `http://127.0.0.1:${env('SECOND_PORT') ?? '9'}`,
      preserveHost: env('PRESERVE_HOST') === 'yes',
      idleTimeout: 5,
    },
    nowhere: {
      url: `http://127.0.0.1:${env('NOWHERE_PORT') ?? '9'}`,
      connectTimeout: 1,
      idleTimeout: 5,
      breakerOpen: 2,
    },
  },
  guests: 'on',
  // Each case has a player of its own.
  limits: { guestsPerHour: 100 },
  // Where something in front ends TLS.
  ...(env('WIRE_ORIGIN') === undefined ? {} : { trustedProxies: [env('WIRE_PROXY') ?? '127.0.0.1'] }),
  ...(env('WIRE_CERTIFICATES') === undefined
    ? {}
    : { clientCertificate: { header: 'x-client-verify', value: 'SUCCESS' } }),
  nativeClients: [{ id: 'lantern', name: 'Lantern' }],
  attributes: { registered: { type: 'boolean', public: true } },
  sockets: {
    perSession: Number(env('PER_SESSION') ?? 64),
    maxMessage: Number(env('MAX_MESSAGE') ?? 16 * 1024 * 1024),
  },
  // Where a test asks as a proxy in front does.
  ...(env('CADDY_SECRET') === undefined
    ? {}
    : {
        trustedProxies: ['127.0.0.1'],
        forwardAuth: { caddy: { secret: secret('CADDY_SECRET'), upstreams: ['second'] } },
      }),
  session: { absolute: (env('SESSION_LIFE') ?? '1h') as '1h' },
  store: { kind: 'embedded', file: env('POSTERN_STORE_FILE') ?? '.postern/store.sqlite', shards: 2 },
  staticTokens: [{ name: 'robot', secret: secret('ROBOT_TOKEN'), permissions: ['wire.use', 'admin.system'] }],
}))

export default definition
