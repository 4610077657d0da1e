import { defineGateway, type GatewayDefinition } from '../../../../src/config/define.ts'

/** Game libraries as they are, each by its preset. */
const definition: GatewayDefinition = defineGateway((env) => ({
  origin: `http://localhost:${env('PORT') ?? '8787'}`,
  upstreams: {
    game: { url: `http://127.0.0.1:${env('COLYSEUS_PORT') ?? '2567'}`, preset: 'colyseus', audience: 'presets' },
    rooms: { url: `http://127.0.0.1:${env('SOCKET_IO_PORT') ?? '3000'}`, preset: 'socket.io', audience: 'presets' },
  },
  guests: 'on',
  store: { kind: 'embedded', file: env('POSTERN_STORE_FILE') ?? '.postern/store.sqlite', shards: 2 },
}))

export default definition
