import {
  defineGateway,
  type Environment,
  type GatewayDefinition,
  type GatewayInput,
  secret,
} from './src/config/define.ts'

/**
 * Embedded SQLite unless told otherwise: nothing to install. At scale: POSTERN_STORE=redis with REDIS_URL on Node and Deno,
 * POSTERN_STORE=upstash with UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN anywhere; both need POSTERN_ROOT_SECRET.
 */
function storeOf(env: Environment): NonNullable<GatewayInput['store']> {
  switch (env('POSTERN_STORE')) {
    case 'redis':
      return { kind: 'redis', url: secret('REDIS_URL') }
    case 'upstash':
      return { kind: 'upstash', url: secret('UPSTASH_REDIS_REST_URL'), token: secret('UPSTASH_REDIS_REST_TOKEN') }
    default:
      return { kind: 'embedded', file: env('POSTERN_STORE_FILE') ?? '.postern/store.sqlite' }
  }
}

/** ES256, which every verifier knows, unless told otherwise: EdDSA costs a fifth less to sign. */
function assertionOf(env: Environment): NonNullable<GatewayInput['assertion']> {
  // Another word is refused at start, where the whole of this is checked.
  return { algorithm: (env('POSTERN_ASSERTION') ?? 'ES256') as 'ES256' | 'EdDSA' }
}

/**
 * This deployment: the demo of this repository. Everything listens on loopback, the providers are local doubles.
 * `secret('NAME')` names a secret; its value comes from the environment or from the file that `NAME_FILE` names.
 */
const definition: GatewayDefinition = defineGateway((env) => {
  const gatewayPort = env('DEMO_GATEWAY_PORT') ?? '8787'
  const upstreamPort = env('POSTERN_UPSTREAM_PORT') ?? env('DEMO_UPSTREAM_PORT') ?? '2567'
  const firstProviderPort = Number(env('DEMO_PROVIDERS_PORT') ?? '4010')
  // WHY: providers are on 127.0.0.1 and Postern on localhost: two sites, as in the real world.
  const providerAt = (index: number) => `http://127.0.0.1:${firstProviderPort + index}`
  const [google, apple, slack, github, microsoft, discord] = [0, 1, 2, 3, 4, 5].map(providerAt)
  const wholeSeconds = (name: string, usual: number) => Number(env(name) ?? usual)

  return {
    origin: `http://localhost:${gatewayPort}`,
    brand: { name: 'The Arena' },
    upstreams: {
      game: { url: `http://127.0.0.1:${upstreamPort}` },
    },
    providers: {
      google: {
        clientId: 'postern-demo.apps.googleusercontent.com',
        clientSecret: secret('GOOGLE_CLIENT_SECRET'),
        options: { issuer: `${google}` },
        dangerouslyAllowHttp: true,
      },
      discord: {
        clientId: '1180000000000000001',
        clientSecret: secret('DISCORD_CLIENT_SECRET'),
        options: {
          authorization: `${discord}/oauth2/authorize`,
          token: `${discord}/api/oauth2/token`,
          userinfo: `${discord}/api/v10/users/@me`,
        },
        dangerouslyAllowHttp: true,
      },
      github: {
        clientId: 'Iv1.posterndemo',
        clientSecret: secret('GITHUB_CLIENT_SECRET'),
        options: {
          authorization: `${github}/login/oauth/authorize`,
          token: `${github}/login/oauth/access_token`,
          userinfo: `${github}/user`,
          emails: `${github}/user/emails`,
        },
        dangerouslyAllowHttp: true,
      },
      apple: {
        clientId: 'example.postern.demo',
        clientSecret: secret('APPLE_PRIVATE_KEY'),
        options: { issuer: `${apple}`, teamId: 'DEMOTEAM01', keyId: 'DEMOKEY001' },
        dangerouslyAllowHttp: true,
      },
      slack: {
        clientId: '2018.0705',
        clientSecret: secret('SLACK_CLIENT_SECRET'),
        options: { issuer: `${slack}` },
        dangerouslyAllowHttp: true,
      },
      microsoft: {
        clientId: '5f0c2a7e-6a0b-4c55-9d5e-0d6b3c1f8a11',
        clientSecret: secret('MICROSOFT_CLIENT_SECRET'),
        options: { issuer: `${microsoft}/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0` },
        dangerouslyAllowHttp: true,
      },
    },
    // Seconds; shorter for whoever wants to see a session end.
    session: {
      absolute: wholeSeconds('POSTERN_SESSION_ABSOLUTE', 7 * 86_400),
      idle: wholeSeconds('POSTERN_SESSION_IDLE', 8 * 3600),
    },
    store: storeOf(env),
    assertion: assertionOf(env),
    policies: env('POSTERN_POLICIES') ?? 'policies',
    guests: 'on',
    // What is no browser signs in by a code or beside one: docs/native-clients.md tries it.
    nativeClients: [{ id: 'arena-launcher', name: 'Arena Launcher' }],
    // The seeded people of deploy/demo: what they may do is known before they first sign in.
    firstAdmins: [{ provider: 'google', email: 'sol@players.example' }],
    people: [
      { provider: 'github', email: 'max@players.example', roles: ['game_master'] },
      { provider: 'discord', email: 'gruni@players.example', roles: ['guild_leader'] },
    ],
  }
})

export default definition
