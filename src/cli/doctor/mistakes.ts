import { isLocalToBrowsers } from '../../core/address.ts'
import { providerKind } from '../../core/provider-kinds.ts'
import { mailProof } from '../../core/provider-proofs.ts'
import type { Config, ProviderConfig } from '../../ports/config.ts'
import { PLACEHOLDER } from '../starter.ts'
import { type DoctorNote, note } from './notes.ts'

/** Finds one mistake by the configuration alone: an error where the sign-in cannot work, a warning where it may. */
type Check = (provider: ProviderConfig, config: Config) => readonly [state: 'error' | 'warning', message: string] | null

/** Whether the provider itself is meant and not a double of it. */
function isReal({ options }: ProviderConfig): boolean {
  return options['issuer'] === undefined && options['authorization'] === undefined
}

/** @see docs/providers/apple.md, mistake 2 */
const appleOrigin: Check = (provider, { origin }) => {
  const { protocol, hostname } = new URL(origin)
  const isAddress = isLocalToBrowsers(hostname) || /^[\d.]+$|^\[/.test(hostname)
  if (provider.kind !== 'apple' || !isReal(provider) || (protocol === 'https:' && !isAddress)) return null
  return [
    'error',
    `Apple takes no localhost, no IP address and no plain http, but the origin is ${origin}: use a public https name`,
  ]
}

/** @see docs/providers/slack.md, mistake 1 */
const slackOrigin: Check = (provider, { origin }) =>
  provider.kind === 'slack' && isReal(provider) && origin.startsWith('http:')
    ? ['error', `Slack takes https only, but the origin is ${origin}: use an https name`]
    : null

/** @see docs/providers/twitch.md, mistake 1 */
const twitchOrigin: Check = (provider, { origin }) => {
  const { protocol, hostname } = new URL(origin)
  if (provider.kind !== 'twitch' || !isReal(provider) || protocol === 'https:' || hostname === 'localhost') return null
  return ['error', `Twitch takes plain http for localhost alone, but the origin is ${origin}: use localhost, or https`]
}

/** @see docs/providers/github.md, mistake 2 */
const githubMail: Check = (provider) => {
  if (provider.kind !== 'github' || mailProof(provider).verified !== 'never') return null
  return ['warning', 'scopes lacks user:email, so nobody has an address: add "user:email" to scopes']
}

/** @see docs/providers/linkedin.md, mistake 1 */
const linkedinScopes: Check = ({ kind, scopes }) => {
  const gone = scopes?.find((scope) => ['r_liteprofile', 'r_emailaddress', 'r_basicprofile'].includes(scope))
  if (kind !== 'linkedin' || gone === undefined) return null
  return [
    'error',
    `the scope ${gone} is gone: add the product Sign In with LinkedIn using OpenID Connect, and leave scopes out`,
  ]
}

/** @see docs/providers/slack.md, "What to paste" */
const slackScopes: Check = ({ kind, scopes }) => {
  const older = (scopes ?? []).filter((scope) => scope.startsWith('identity.'))
  if (kind !== 'slack' || older.length === 0 || older.length === scopes?.length) return null
  return ['error', `scopes mixes ${older.join(', ')} with others, which Slack refuses: use either these or others`]
}

/** @see docs/providers/oauth2.md, mistake 1 */
const oauth2Subject: Check = ({ kind, options }) => {
  const field = options['field.subject'] ?? ''
  const last = field.split('.').at(-1)?.toLowerCase().replaceAll(/[_-]/g, '') ?? ''
  const changes =
    /^(username|user|login|name|displayname|nick|nickname|handle|mail|email|emailaddress|preferredusername)$/
  if (kind !== 'oauth2' || !changes.test(last)) return null
  return [
    'warning',
    `options.field.subject is "${field}", which sounds like something that changes or is reused: name the permanent number or id`,
  ]
}

/** @see docs/providers/x.md, mistake 1: client ids of OAuth 2.0 are longer, and base64 that ends in `:ci` */
const xClient: Check = ({ kind, clientId }) =>
  kind === 'x' && /^[A-Za-z0-9]{25}$/.test(clientId)
    ? ['warning', 'clientId looks like the API Key of OAuth 1.0a: Client ID and Client Secret of OAuth 2.0 are needed']
    : null

/** @see docs/providers/apple.md, "What to paste" */
const appleIds: Check = (provider) => {
  const wrong = ['teamId', 'keyId'].find((name) => {
    const value = provider.options[name] ?? PLACEHOLDER
    return value !== PLACEHOLDER && !/^[A-Z0-9]{10}$/.test(value)
  })
  if (provider.kind !== 'apple' || !isReal(provider) || wrong === undefined) return null
  return ['warning', `options.${wrong} is "${provider.options[wrong]}", but Apple's have ten characters of A-Z and 0-9`]
}

/** @see docs/providers, "What to paste": kinds whose clients of the web type always have a secret */
const noSecret: Check = (provider) =>
  ['google', 'discord', 'slack', 'github', 'microsoft'].includes(provider.kind) && provider.clientSecret === null
    ? ['warning', 'clientSecret names no secret: the exchange fails at a client of the web type, which has one']
    : null

/** Lists and named addresses that hang on what only the provider's console shows. */
const unprovenMail: Check = (provider, { firstAdmins, people }) => {
  const proof = mailProof(provider)
  if (proof.verified !== 'depends') return null
  const isNamed = [...firstAdmins, ...people].some((one) => one.provider === provider.id && one.email !== null)
  const users = [
    ...(provider.admit['emailDomain'] === undefined ? [] : ['admit.emailDomain']),
    ...(isNamed ? ['people named by email'] : []),
  ]
  if (users.length === 0) return null
  return ['warning', `${users.join(' and ')} may match nobody: ${provider.kind} ${proof.because}; ${proof.remedy}`]
}

const CHECKS: readonly Check[] = [
  appleOrigin,
  appleIds,
  slackOrigin,
  slackScopes,
  twitchOrigin,
  githubMail,
  linkedinScopes,
  oauth2Subject,
  xClient,
  noSecret,
  unprovenMail,
]

/** The mistakes of docs/providers that show without asking anybody. What could never work is refused at start already. */
export function examineMistakes(config: Config, provider: ProviderConfig): readonly DoctorNote[] {
  if (providerKind(provider) === null) return []
  return CHECKS.flatMap((check) => {
    const found = check(provider, config)
    return found === null ? [] : [note(`provider ${provider.id}`, ...found)]
  })
}
