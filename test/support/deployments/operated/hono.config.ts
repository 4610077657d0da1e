import { defineGateway, type GatewayDefinition, secret } from '../../../../src/config/define.ts'

/** A deployment that is looked after over its operator door: people in Redis, policies a test can change. */
const definition: GatewayDefinition = defineGateway((env) => ({
  origin: `http://localhost:${env('PORT') ?? '8787'}`,
  upstreams: { game: { url: `http://127.0.0.1:${env('GAME_PORT') ?? '2567'}` } },
  store: { kind: 'redis', url: secret('REDIS_URL') },
  policies: env('OPERATED_POLICIES') ?? 'policies',
}))

export default definition
