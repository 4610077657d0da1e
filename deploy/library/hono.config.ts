import { defineGateway, type GatewayDefinition } from 'postern/config'

/** `site` are the host's own routes: only its name counts, as the audience of assertions. */
const definition: GatewayDefinition = defineGateway((env) => ({
  origin: env('ORIGIN') ?? 'http://localhost:8787',
  upstreams: {
    game: { url: env('GAME') ?? 'http://127.0.0.1:2567' },
    site: { url: 'http://127.0.0.1:8787' },
  },
  guests: 'on',
}))

export default definition
