import type { Addresses, Environment, ProviderId } from './addresses.ts'

/** How Postern is known at one provider. */
export interface Client {
  readonly id: string
  /** Name of the environment variable with the secret. */
  readonly secretName: string
}

/** Postern's registrations at the providers. Apple has no stored secret: Postern signs one with the key named here. */
export const CLIENTS: Readonly<Record<ProviderId, Client>> = {
  google: { id: 'postern-demo.apps.googleusercontent.com', secretName: 'GOOGLE_CLIENT_SECRET' },
  apple: { id: 'example.postern.demo', secretName: 'APPLE_PRIVATE_KEY' },
  slack: { id: '2018.0705', secretName: 'SLACK_CLIENT_SECRET' },
  github: { id: 'Iv1.posterndemo', secretName: 'GITHUB_CLIENT_SECRET' },
  microsoft: { id: '5f0c2a7e-6a0b-4c55-9d5e-0d6b3c1f8a11', secretName: 'MICROSOFT_CLIENT_SECRET' },
  discord: { id: '1180000000000000001', secretName: 'DISCORD_CLIENT_SECRET' },
}

/** Apple's developer account and signing key, by the ids that Apple would give. */
export const APPLE_ACCOUNT = { teamId: 'DEMOTEAM01', keyId: 'DEMOKEY001' } as const

/** The Slack workspace and the Discord guild of the demo. */
export const SLACK_TEAM = 'T000000001'
export const DISCORD_GUILD = { id: '165511591545143296', name: 'The Arena' } as const

/** Where a provider sends the browser back to. */
export function callbackOf(provider: ProviderId, addresses: Addresses): string {
  return `${addresses.gateway}/auth/callback/${provider}`
}

/**
 * The secret that a provider knows Postern by.
 *
 * @throws Error naming the variable when it is not set
 */
export function secretOf(provider: ProviderId, env: Environment): string {
  const name = CLIENTS[provider].secretName
  const value = env[name] ?? ''
  if (value === '') throw new Error(`${name} is not set; \`npm start\` writes it to .dev.vars`)
  return value
}
