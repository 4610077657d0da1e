import { defineGateway, type GatewayDefinition, secret } from '../../../../src/config/define.ts'

/** A deployment one host of which is shown inside two portals; a test has the TLS in front, and the game. */
const definition: GatewayDefinition = defineGateway((env) => ({
  origin: 'https://play.example',
  hosts: ['frame.example', `localhost:${env('PORT') ?? '8787'}`],
  embed: { hosts: ['frame.example'], ancestors: ['https://portal.example', 'https://other.example'] },
  upstreams: { game: { url: `http://127.0.0.1:${env('GAME_PORT') ?? '2567'}` } },
  providers: { google: { clientId: '1234.apps.googleusercontent.com', clientSecret: secret('GOOGLE_SECRET') } },
  guests: 'on',
  trustedProxies: ['127.0.0.1'],
  store: { kind: 'embedded', file: env('POSTERN_STORE_FILE') ?? '.postern/store.sqlite', shards: 2 },
}))

export default definition
