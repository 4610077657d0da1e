import { defineGateway, type GatewayDefinition, secret } from '../../../../src/config/define.ts'

/** A deployment with the kinds of provider that the demo has not; a test runs all of them itself, on loopback. */
const definition: GatewayDefinition = defineGateway((env) => {
  const doubles = env('DOUBLES_URL') ?? 'http://127.0.0.1:1'
  const op = env('OP_URL') ?? 'http://127.0.0.1:1'
  const common = { clientId: 'client', clientSecret: secret('DOUBLE_SECRET'), dangerouslyAllowHttp: true }
  const at = (id: string) => ({
    authorization: `${doubles}/${id}/authorize`,
    token: `${doubles}/${id}/token`,
    userinfo: `${doubles}/${id}/me`,
  })
  return {
    origin: `http://localhost:${env('PORT') ?? '8787'}`,
    upstreams: { doors: { url: doubles } },
    providers: {
      guild: { ...common, kind: 'oidc', clientId: 'secretive', options: { issuer: op } },
      arcade: {
        ...common,
        kind: 'oauth2',
        scopes: ['profile', 'offline_access'],
        options: {
          ...at('arcade'),
          issuer: `${doubles}/arcade`,
          'field.subject': 'player.no',
          'field.name': 'player.nick',
        },
      },
      slack: { ...common, scopes: ['identity.basic', 'identity.email'], options: at('slack') },
      discord: {
        ...common,
        options: { ...at('discord'), guilds: `${doubles}/discord/guilds` },
        admit: { guild: ['197038439483310086'] },
      },
      x: { ...common, options: at('x') },
      facebook: { ...common, options: at('facebook') },
      linkedin: { ...common, options: at('linkedin') },
      twitch: { ...common, options: at('twitch') },
      lost: { ...common, kind: 'oidc', options: { issuer: `${doubles}/lost` } },
    },
    guests: 'on',
    nativeClients: [{ id: 'lantern', name: 'Lantern for TV', flows: ['device'] }],
    signup: env('SIGNUP') === 'closed' ? 'closed' : 'open',
    // Its tests sign in more often in a minute than a house does.
    limits: { startsPerMinute: 1000, callbacksPerMinute: 1000 },
    store: { kind: 'embedded', file: env('POSTERN_STORE_FILE') ?? '.postern/store.sqlite', shards: 2 },
  }
})

export default definition
