import { isOlderSlack, type ProviderWishes } from './provider-kinds.ts'

/** Names of admission lists, and the kinds of provider that can prove membership; null: every kind. */
export const ADMISSION_LISTS: Readonly<Record<string, readonly string[] | null>> = {
  emailDomain: null,
  hostedDomain: ['google'],
  guild: ['discord'],
  workspace: ['slack'],
  tenant: ['microsoft'],
}

/** A GUID, as tenants of Microsoft are numbered. */
export const GUID: RegExp = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i

/** The tenant of personal Microsoft accounts, which `consumers` names. */
export const CONSUMERS = '9188040d-6c67-4c5b-b112-36a304b66dad'

/** Whether a provider ever says that an address is verified; `depends`: on what cannot be seen in the configuration. */
export type MailProof =
  | { readonly verified: 'says' }
  | { readonly verified: 'never' | 'depends'; readonly because: string; readonly remedy: string }

const SAYS: MailProof = { verified: 'says' }

function never(because: string, remedy: string): MailProof {
  return { verified: 'never', because, remedy }
}

function depends(because: string, remedy: string): MailProof {
  return { verified: 'depends', because, remedy }
}

/** Scopes one of which must be asked for, or this kind gives no address. */
const MAIL_SCOPES: Readonly<Record<string, readonly string[]>> = {
  google: ['email', 'https://www.googleapis.com/auth/userinfo.email'],
  discord: ['email'],
  github: ['user:email', 'user'],
  linkedin: ['email'],
  twitch: ['user:read:email'],
  x: ['users.email'],
}

function lacksMailScope({ kind, scopes }: ProviderWishes): string | null {
  const [usual, ...more] = Object.hasOwn(MAIL_SCOPES, kind) ? (MAIL_SCOPES[kind] ?? []) : []
  if (usual === undefined) return null
  // WHY: X is the one that is not asked for an address by default.
  const asked = scopes ?? (kind === 'x' ? [] : [usual])
  return [usual, ...more].some((scope) => asked.includes(scope)) ? null : usual
}

/**
 * Whether an address of this provider can count as verified, which `admit.emailDomain` and persons named by `email` need.
 *
 * @see docs/providers, "Good to know" of each page
 */
export function mailProof(wishes: ProviderWishes): MailProof {
  const { kind, scopes, options } = wishes
  const scope = lacksMailScope(wishes)
  if (scope !== null) return never(`gives no address without the scope ${scope}`, `add "${scope}" to scopes`)
  if (kind === 'facebook') return never('does not say whether an address is verified', 'use a provider that says it')
  if (kind === 'slack' && isOlderSlack(wishes)) {
    const openid = "use flow: 'openid', which says it"
    return options['userinfo'] === undefined
      ? never('does not say in its older flow whether an address is verified', openid)
      : depends('says in its older flow only by users.info, if at all, whether an address is verified', openid)
  }
  if (kind === 'microsoft') {
    const optional = 'switch that optional claim on under Token configuration'
    return depends('counts an address as verified only where the token has xms_edov', optional)
  }
  if (kind === 'oauth2' && options['field.emailVerified'] === undefined) {
    const field = "say where it is with options 'field.emailVerified'"
    return depends('counts an address as verified only where the answer has email_verified: true', field)
  }
  if (scopes !== null && !scopes.includes('email') && ['apple', 'slack', 'oidc'].includes(kind))
    return depends('may give no address without the scope email', 'add "email" to scopes')
  return SAYS
}

/** What a value of an admission list must be; null when this one may match somebody. */
export function wantedValue(list: string, value: string): string | null {
  const isDomain = /^[^@\s/:*.][^@\s/:*]*$/.test(value)
  switch (list) {
    case 'emailDomain':
      return isDomain ? null : 'a domain such as example.com, what follows the @ of an address; subdomains one by one'
    case 'hostedDomain':
      if (isDomain && !/^(gmail|googlemail)\.com$/i.test(value)) return null
      return 'the domain of a Workspace such as example.com; personal accounts have none'
    case 'guild':
      return /^\d{1,20}$/.test(value) ? null : 'the id of a server (Developer Mode on, right-click it, Copy Server ID)'
    case 'workspace':
      // WHY: E is an organization of Enterprise Grid.
      return /^[TE][A-Z0-9]+$/.test(value)
        ? null
        : 'the id of a workspace such as T0123ABCD (app.slack.com/client/<id>)'
    case 'tenant':
      return GUID.test(value) ? null : 'the GUID of a tenant (Entra admin center, Overview, Tenant ID)'
  }
  return null
}

/**
 * Why a list lets nobody in although its values are well formed; null when it may let somebody in.
 *
 * @see docs/providers, "Good to know" of each page
 */
export function deadList(list: string, values: readonly string[], wishes: ProviderWishes): string | null {
  const { kind, scopes, options } = wishes
  if (list === 'emailDomain') {
    const proof = mailProof(wishes)
    return proof.verified === 'never' ? `lets nobody in: ${kind} ${proof.because}; ${proof.remedy}` : null
  }
  if (list === 'guild' && scopes !== null && !scopes.includes('guilds'))
    return 'lets nobody in: discord lists no servers without the scope guilds; add "guilds" to scopes'
  const { tenant = 'common' } = options as { readonly tenant?: string }
  if (list !== 'tenant' || options['issuer'] !== undefined || ['common', 'organizations'].includes(tenant)) return null
  const only = tenant === 'consumers' ? CONSUMERS : tenant
  return values.some((value) => value.toLowerCase() === only.toLowerCase())
    ? null
    : `lets nobody in: options.tenant "${tenant}" signs in people of ${only} alone`
}
