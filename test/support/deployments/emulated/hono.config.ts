import demo from '../../../../hono.config.ts'
import { defineGateway, type GatewayDefinition, type GatewayInput } from '../../../../src/config/define.ts'

/** The providers as the demo configures them, in front of an upstream that writes down what reaches it. */
const definition: GatewayDefinition = defineGateway((env) => {
  const { providers = {} }: GatewayInput = typeof demo === 'function' ? demo(env) : demo
  return {
    origin: `http://localhost:${env('PORT') ?? '8787'}`,
    upstreams: { doors: { url: env('DOUBLES_URL') ?? 'http://127.0.0.1:1' } },
    providers,
    policies: '../doors/policies',
    guests: 'on',
    store: { kind: 'embedded', file: env('POSTERN_STORE_FILE') ?? '.postern/store.sqlite', shards: 2 },
  }
})

export default definition
