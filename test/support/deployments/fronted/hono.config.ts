import { defineGateway, type GatewayDefinition, secret } from '../../../../src/config/define.ts'

/** A deployment that proxies in front ask: the origin is theirs, and one provider of the demo signs people in. */
const definition: GatewayDefinition = defineGateway((env) => ({
  origin: env('FRONT_ORIGIN') ?? `http://localhost:${env('PORT') ?? '8787'}`,
  hosts: [`localhost:${env('PORT') ?? '8787'}`, ...(env('MORE_HOSTS')?.split(',') ?? [])],
  upstreams: {
    game: { url: `http://127.0.0.1:${env('GAME_PORT') ?? '2567'}` },
    mapped: { url: 'http://127.0.0.1:9', dialects: ['X-Player=user', 'X-Player-World=world'] },
  },
  providers: {
    google: {
      clientId: 'postern-demo.apps.googleusercontent.com',
      clientSecret: secret('GOOGLE_CLIENT_SECRET'),
      options: { issuer: env('GOOGLE_ISSUER') ?? 'http://127.0.0.1:4010' },
      dangerouslyAllowHttp: true,
    },
  },
  guests: 'on',
  store: { kind: 'embedded', file: env('POSTERN_STORE_FILE') ?? '.postern/store.sqlite', shards: 2 },
  trustedProxies: ['127.0.0.1'],
  forwardAuth: {
    nginx: { secret: secret('POSTERN_NGINX_SECRET') },
    caddy: { secret: secret('POSTERN_CADDY_SECRET') },
    traefik: { secret: secret('POSTERN_TRAEFIK_SECRET') },
    envoy: { secret: secret('POSTERN_ENVOY_SECRET') },
  },
}))

export default definition
