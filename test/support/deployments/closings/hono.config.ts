import { defineGateway, type GatewayDefinition, secret } from '../../../../src/config/define.ts'

/** A deployment whose players come, go, and lose what they had: guests, an operator, a store of either family. */
const definition: GatewayDefinition = defineGateway((env) => ({
  origin: env('CLOSINGS_ORIGIN') ?? `http://localhost:${env('PORT') ?? '8787'}`,
  hosts: (env('CLOSINGS_HOSTS') ?? '').split(',').filter((host) => host !== ''),
  upstreams: {
    game: {
      url: `http://127.0.0.1:${env('GAME_PORT') ?? '2567'}`,
      preset: 'colyseus',
      connectTimeout: 2,
      responseTimeout: 3,
    },
  },
  guests: 'on',
  limits: { guestsPerHour: 1000 },
  store:
    env('CLOSINGS_STORE') === 'redis'
      ? { kind: 'redis', url: secret('REDIS_URL') }
      : { kind: 'embedded', file: env('POSTERN_STORE_FILE') ?? '.postern/store.sqlite', shards: 2 },
  staticTokens: [{ name: 'scraper', secret: secret('SCRAPER_TOKEN'), permissions: ['admin.system'] }],
  policies: env('CLOSINGS_POLICIES') ?? 'policies',
}))

export default definition
