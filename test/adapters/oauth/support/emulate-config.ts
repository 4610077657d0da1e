import { generateKeyPairSync } from 'node:crypto'
import type { ProviderConfig } from '../../../../src/ports/config.ts'

/**
 * How each local provider of the package `emulate` is configured: the `options` a deployment needs, and the seed that
 * registers the client. `url` is the address of the running service.
 */
export interface EmulatedProvider {
  readonly config: (url: string) => ProviderConfig
  readonly seed: (redirectUri: string) => Record<string, unknown>
}

/** A key of the form Apple hands out (`.p8`), made anew for each run. */
export const APPLE_TEST_KEY: string = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  .privateKey.export({ type: 'pkcs8', format: 'pem' })
  .toString()

/** The secrets that the configurations below name. */
export const EMULATE_SECRETS: Readonly<Record<string, string>> = {
  EMULATE_SECRET: 'emulate-client-secret',
  EMULATE_APPLE_KEY: APPLE_TEST_KEY,
}

const common = {
  clientId: 'postern-test',
  clientSecret: { secret: 'EMULATE_SECRET' },
  scopes: null,
  admit: {},
  dangerouslyAllowHttp: true,
  freshness: 'stated',
  timeoutMs: 5000,
} as const

const client = (redirectUri: string) => ({
  client_id: 'postern-test',
  client_secret: 'emulate-client-secret',
  name: 'Postern',
  redirect_uris: [redirectUri],
})

export const EMULATED: Readonly<Record<'google' | 'apple' | 'slack' | 'github' | 'microsoft', EmulatedProvider>> = {
  google: {
    config: (url) => ({ ...common, id: 'google', kind: 'google', name: 'Google', options: { issuer: url } }),
    seed: (redirectUri) => ({
      google: {
        users: [{ email: 'ada@guild.example', name: 'Ada Example', picture: 'https://pictures.example/ada.png' }],
        oauth_clients: [client(redirectUri)],
      },
    }),
  },
  apple: {
    config: (url) => ({
      ...common,
      id: 'apple',
      kind: 'apple',
      name: 'Apple',
      clientSecret: { secret: 'EMULATE_APPLE_KEY' },
      options: { issuer: url, teamId: 'TEAM000001', keyId: 'KEY0000001' },
    }),
    seed: (redirectUri) => ({
      apple: {
        users: [{ email: 'ada@icloud.example', name: 'Ada Example' }],
        oauth_clients: [{ ...client(redirectUri), team_id: 'TEAM000001' }],
      },
    }),
  },
  slack: {
    config: (url) => ({
      ...common,
      id: 'slack',
      kind: 'slack',
      name: 'Slack',
      scopes: ['users:read', 'users:read.email'],
      options: {
        flow: 'identity',
        authorization: `${url}/oauth/v2/authorize`,
        token: `${url}/api/oauth.v2.access`,
        userinfo: `${url}/api/users.info`,
      },
    }),
    seed: (redirectUri) => ({
      slack: {
        users: [{ name: 'ada', real_name: 'Ada Example', email: 'ada@guild.example' }],
        oauth_apps: [client(redirectUri)],
      },
    }),
  },
  github: {
    config: (url) => ({
      ...common,
      id: 'github',
      kind: 'github',
      name: 'GitHub',
      options: {
        authorization: `${url}/login/oauth/authorize`,
        token: `${url}/login/oauth/access_token`,
        userinfo: `${url}/user`,
        emails: `${url}/user/emails`,
      },
    }),
    seed: (redirectUri) => ({
      github: {
        users: [{ login: 'ada', name: 'Ada Example', email: 'ada@guild.example' }],
        oauth_apps: [client(redirectUri)],
      },
    }),
  },
  microsoft: {
    config: (url) => ({
      ...common,
      id: 'microsoft',
      kind: 'microsoft',
      name: 'Microsoft',
      options: { issuer: `${url}/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0` },
    }),
    seed: (redirectUri) => ({
      microsoft: {
        users: [{ email: 'ada@outlook.example', name: 'Ada Example' }],
        oauth_clients: [client(redirectUri)],
      },
    }),
  },
}
