import { defineGateway, type GatewayDefinition, secret } from '../../../../src/config/define.ts'
import { CREST, FRAME, GATE, STYLE, WAVE } from './frame.ts'

/** Pages in documents of the operator's own; one provider is called what a template would read as a variable. */
const definition: GatewayDefinition = defineGateway((env) => ({
  origin: `http://localhost:${env('PORT') ?? '8787'}`,
  brand: { name: 'Isle', homeUrl: '/' },
  pages: { templates: { '*': FRAME, chooser: GATE }, style: STYLE, assets: { 'crest.png': CREST, 'wave.svg': WAVE } },
  upstreams: { game: { url: `http://127.0.0.1:${env('WIRE_PORT') ?? '2567'}` } },
  providers: {
    google: { name: '{{body}} $& <b>', clientId: '1.apps.example', clientSecret: secret('GOOGLE_SECRET') },
  },
  guests: 'on',
  store: { kind: 'embedded', file: env('POSTERN_STORE_FILE') ?? '.postern/store.sqlite', shards: 2 },
}))

export default definition
