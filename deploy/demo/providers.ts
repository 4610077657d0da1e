import { fileURLToPath } from 'node:url'
import { createEmulator } from 'emulate'
import { type Addresses, addressesFrom, type Environment, type ProviderId } from './addresses.ts'
import { APPLE_ACCOUNT, CLIENTS, callbackOf, secretOf } from './clients.ts'
import { discord } from './discord.ts'
import { peopleAt } from './people.ts'
import { slack } from './slack.ts'
import { withSteadyRandomness } from './steady.ts'

interface Running {
  close(): Promise<void>
}

const NAME = 'Postern demo'
const SLACK_SCOPES = ['identity.basic', 'identity.email', 'users:read', 'users:read.email'] as const

function builtinSeed(provider: ProviderId, addresses: Addresses, env: Environment): Record<string, unknown> {
  const users = peopleAt(provider).map((person) => ({
    email: person.email,
    name: person.name,
    login: person.label,
    email_verified: true,
  }))
  const client = { client_id: CLIENTS[provider].id, name: NAME, redirect_uris: [callbackOf(provider, addresses)] }
  if (provider === 'apple') {
    const account = { team_id: APPLE_ACCOUNT.teamId, key_id: APPLE_ACCOUNT.keyId }
    return { users, oauth_clients: [{ ...client, ...account }] }
  }
  if (provider === 'slack') {
    const members = peopleAt(provider).map(({ label, name, email }) => ({ name: label, real_name: name, email }))
    const app = { ...client, client_secret: secretOf(provider, env), scopes: SLACK_SCOPES, user_scopes: SLACK_SCOPES }
    return { team: { name: 'Postern demo', domain: 'postern-demo' }, users: members, oauth_apps: [app] }
  }
  const confidential = [{ ...client, client_secret: secretOf(provider, env) }]
  return provider === 'github' ? { users, oauth_apps: confidential } : { users, oauth_clients: confidential }
}

function portOf(provider: ProviderId, addresses: Addresses): { port: number; hostname: string; baseUrl: string } {
  const baseUrl = addresses.providers[provider]
  return { port: Number(new URL(baseUrl).port), hostname: '127.0.0.1', baseUrl }
}

function startBuiltin(
  service: 'google' | 'apple' | 'slack' | 'github' | 'microsoft',
  addresses: Addresses,
  env: Environment,
): Promise<Running> {
  const seed = { [service]: builtinSeed(service, addresses, env) }
  const at = portOf(service, addresses)
  const port = service === 'slack' ? addresses.slackApiPort : at.port
  return withSteadyRandomness(service, () => createEmulator({ service, seed, ...at, port }))
}

/**
 * Starts every provider of the demo on its loopback port, one after another.
 *
 * @param env - holds the client secrets by the names in `CLIENTS`
 * @throws Error when a port is taken or a secret is missing; what was started is closed again
 */
export async function startProviders(addresses: Addresses, env: Environment): Promise<Running> {
  const own = (provider: 'slack' | 'discord') => ({
    clientId: CLIENTS[provider].id,
    clientSecret: secretOf(provider, env),
    redirectUri: callbackOf(provider, addresses),
    people: peopleAt(provider),
  })
  const starts: readonly (() => Promise<Running>)[] = [
    () => startBuiltin('google', addresses, env),
    () => startBuiltin('apple', addresses, env),
    () => startBuiltin('github', addresses, env),
    () => startBuiltin('microsoft', addresses, env),
    () => startBuiltin('slack', addresses, env),
    async () => {
      const settings = { ...own('slack'), api: `http://127.0.0.1:${addresses.slackApiPort}` }
      return createEmulator({ service: await slack(settings), ...portOf('slack', addresses) })
    },
    () => createEmulator({ service: discord(own('discord')), ...portOf('discord', addresses) }),
  ]
  const running: Running[] = []
  const close = async (): Promise<void> => {
    await Promise.all(running.map((one) => one.close()))
  }
  try {
    for (const start of starts) running.push(await start())
  } catch (error) {
    await close()
    throw error
  }
  return { close }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const running = await startProviders(addressesFrom(process.env), process.env)
  console.log('providers: ready')
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => void running.close().then(() => process.exit(0)))
  }
}
