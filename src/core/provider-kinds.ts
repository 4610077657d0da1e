/** What an option may hold: a text, a whole address, a whole number of seconds, words of `prompt` with blanks between, or one of a few words. */
export type OptionForm = 'text' | 'address' | 'seconds' | 'prompt' | readonly string[]

/** What an author can say about a kind of provider. */
export interface ProviderKind {
  /** The options that have an effect, by name. */
  readonly options: Readonly<Record<string, OptionForm>>
  /** Words of `prompt` the provider understands; no other is sent. Empty: it has no such parameter. */
  readonly prompts: readonly string[]
}

/** The part of a provider's configuration that decides what else it may say. */
export interface ProviderWishes {
  readonly kind: string
  readonly scopes: readonly string[] | null
  readonly options: Readonly<Record<string, string>>
}

const TEXT = 'text' as const
const ADDRESS = 'address' as const
const CLIENT_AUTH = { clientAuth: ['auto', 'basic', 'post'] } as const
/** `required` is what metadata states, so it has a meaning only where there is metadata. */
const STATED_PKCE = { pkce: ['required', 'sent', 'off'] } as const
const PKCE = { pkce: ['sent', 'off'] } as const
const MAX_AGE = { maxAge: 'seconds' } as const
const PROMPT = { prompt: 'prompt' } as const
const FLOW = { flow: ['openid', 'identity'] } as const

const CALLS = { authorization: ADDRESS, token: ADDRESS }
// WHY: where there is no metadata, the issuer is a name for who vouches, and nobody is asked there.
const API = { issuer: TEXT, ...CALLS, userinfo: ADDRESS }
const OPENID = { issuer: ADDRESS, discovery: ADDRESS, ...CALLS, jwks: ADDRESS }

/** @see OpenID Connect Core section 3.1.2.1; `create` is of Initiating User Registration 1.0 */
const OPENID_PROMPTS: readonly string[] = ['none', 'login', 'consent', 'select_account', 'create']

const SLACK_OPENID: ProviderKind = { options: { ...FLOW, ...OPENID, ...STATED_PKCE, ...CLIENT_AUTH }, prompts: [] }
const SLACK_IDENTITY: ProviderKind = { options: { ...FLOW, ...API, ...PKCE, ...CLIENT_AUTH }, prompts: [] }

/** Kinds by name. */
export const PROVIDER_KINDS: Readonly<Record<string, ProviderKind>> = {
  google: {
    options: { ...OPENID, endSession: ADDRESS, ...PROMPT, ...STATED_PKCE, ...CLIENT_AUTH, ...MAX_AGE },
    prompts: ['none', 'consent', 'select_account'],
  },
  discord: { options: { ...API, guilds: ADDRESS, ...PROMPT, ...PKCE, ...CLIENT_AUTH }, prompts: ['consent', 'none'] },
  apple: { options: { ...OPENID, teamId: TEXT, keyId: TEXT }, prompts: [] },
  slack: SLACK_OPENID,
  github: { options: { ...API, emails: ADDRESS, ...PROMPT, ...PKCE, ...CLIENT_AUTH }, prompts: ['select_account'] },
  microsoft: {
    options: { ...OPENID, tenant: TEXT, endSession: ADDRESS, ...PROMPT, ...STATED_PKCE, ...CLIENT_AUTH, ...MAX_AGE },
    prompts: OPENID_PROMPTS,
  },
  // WHY: X refuses a sign-in without PKCE, so it cannot be turned off.
  x: { options: { ...API, ...CLIENT_AUTH }, prompts: [] },
  facebook: { options: API, prompts: [] },
  linkedin: { options: API, prompts: [] },
  twitch: { options: API, prompts: [] },
  oidc: {
    options: {
      ...OPENID,
      userinfo: ADDRESS,
      endSession: ADDRESS,
      ...PROMPT,
      ...STATED_PKCE,
      ...CLIENT_AUTH,
      ...MAX_AGE,
    },
    prompts: OPENID_PROMPTS,
  },
  oauth2: {
    options: {
      ...API,
      'field.subject': TEXT,
      'field.name': TEXT,
      'field.email': TEXT,
      'field.emailVerified': TEXT,
      'field.picture': TEXT,
      ...PROMPT,
      ...PKCE,
      ...CLIENT_AUTH,
    },
    prompts: ['login', 'consent', 'select_account', 'none'],
  },
}

/** Whether Slack is spoken to in its older flow: `options.flow` says so, else the older scopes do. */
export function isOlderSlack({ options, scopes }: Omit<ProviderWishes, 'kind'>): boolean {
  const { flow } = options as { readonly flow?: string }
  return flow === undefined ? (scopes?.some((scope) => scope.startsWith('identity.')) ?? false) : flow === 'identity'
}

/** What can be said about this provider; null when its kind is unknown. */
export function providerKind(wishes: ProviderWishes): ProviderKind | null {
  if (wishes.kind === 'slack') return isOlderSlack(wishes) ? SLACK_IDENTITY : SLACK_OPENID
  return Object.hasOwn(PROVIDER_KINDS, wishes.kind) ? (PROVIDER_KINDS[wishes.kind] ?? null) : null
}
