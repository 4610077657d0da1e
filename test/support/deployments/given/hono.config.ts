import { defineGateway, type GatewayDefinition, secret } from '../../../../src/config/define.ts'

/** Signs with keys it is given; one of its services is told little. */
const definition: GatewayDefinition = defineGateway((env) => {
  const url = `http://127.0.0.1:${env('WIRE_PORT') ?? '2567'}`
  return {
    origin: `http://localhost:${env('PORT') ?? '8787'}`,
    assertion: { keys: secret('SIGNING_KEYS') },
    upstreams: {
      all: { url },
      told: { url, claims: ['roles', 'attribute.level'], dialects: ['postern', 'X-Level=attribute.level'] },
    },
    attributes: { level: { type: 'number' }, mood: { type: 'string' } },
    guests: 'on',
    store: { kind: 'embedded', file: env('POSTERN_STORE_FILE') ?? '.postern/store.sqlite', shards: 1 },
  }
})

export default definition
