import { defineGateway, type GatewayDefinition, secret } from '../../../../src/config/define.ts'

/** Services that read identity in every way there is; all of them are one that a test runs itself. */
const definition: GatewayDefinition = defineGateway((env) => {
  const url = `http://127.0.0.1:${env('WIRE_PORT') ?? '2567'}`
  const redis = env('REDIS_URL')
  const op = env('OP_URL')
  return {
    origin: `http://localhost:${env('PORT') ?? '8787'}`,
    assertion: { algorithm: (env('ALGORITHM') ?? 'ES256') as 'ES256' },
    upstreams: {
      plain: { url },
      proxies: { url, dialects: ['forwarded', 'remote', 'webauth', 'X-Player=user', 'X-Player-World=world'] },
      access: { url, dialects: ['iap', 'cf-access'] },
      edge: { url, dialects: ['pomerium', 'alb'] },
      bearer: { url, dialects: ['bearer'] },
      entitled: { url, assertionHeader: 'Authorization' },
      named: { url, assertionHeader: 'X-Game-Ticket' },
      brief: { url, assertionLife: '4s' },
      // Every dialect stands behind one of these three: whatever is said of a person is signed.
      signed: { url, sign: 'message', dialects: ['postern', 'forwarded', 'remote', 'webauth', 'X-Player=user'] },
      shared: {
        url,
        sign: 'message',
        messageSecret: secret('MESSAGE_SECRET'),
        dialects: ['postern', 'iap', 'pomerium'],
      },
      sealed: { url, sign: 'message', assertionHeader: 'Authorization', dialects: ['cf-access', 'alb', 'bearer'] },
      nakama: { url, preset: 'nakama' },
      boardgame: { url, preset: 'boardgame.io' },
      grafana: { url, preset: 'grafana' },
      evennia: { url, preset: 'evennia' },
      colyseus: { url, preset: 'colyseus' },
      rooms: { url, preset: 'socket.io' },
    },
    providers:
      op === undefined
        ? {}
        : {
            guild: {
              kind: 'oidc',
              clientId: 'secretive',
              clientSecret: secret('OP_SECRET'),
              dangerouslyAllowHttp: true,
              options: { issuer: op },
            },
          },
    guests: 'on',
    session: { absolute: '2h' },
    limits: { guestsPerHour: 10_000 },
    store:
      redis === undefined
        ? { kind: 'embedded', file: env('POSTERN_STORE_FILE') ?? '.postern/store.sqlite', shards: 2 }
        : { kind: 'redis', url: secret('REDIS_URL') },
    staticTokens: [{ name: 'Zoë Żółw', secret: secret('ROBOT_TOKEN'), permissions: ['rooms.enter'] }],
  }
})

export default definition
