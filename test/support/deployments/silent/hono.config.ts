import { defineGateway, type GatewayDefinition, secret } from '../../../../src/config/define.ts'

/** A deployment over any store, with guests as players: for what happens when the store says nothing, and to guests. */
const definition: GatewayDefinition = defineGateway((env) => ({
  origin: `http://localhost:${env('PORT') ?? '8787'}`,
  upstreams: { game: { url: `http://127.0.0.1:${env('GAME_PORT') ?? '2567'}`, events: '/internal/events' } },
  guests: 'on',
  session: { cacheSeconds: 0, guest: (env('GUEST_LIFE') ?? '24h') as '24h' },
  store:
    env('POSTERN_STORE') === 'upstash'
      ? { kind: 'upstash', url: secret('UPSTASH_URL'), token: secret('UPSTASH_TOKEN') }
      : env('POSTERN_STORE') === 'redis'
        ? { kind: 'redis', url: secret('REDIS_URL') }
        : { kind: 'embedded', file: env('POSTERN_STORE_FILE') ?? '.postern/store.sqlite', shards: 2 },
}))

export default definition
