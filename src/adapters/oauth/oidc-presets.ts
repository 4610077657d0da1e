import { CONSUMERS, GUID } from '../../core/provider-proofs.ts'
import type { ProviderConfig } from '../../ports/config.ts'
import type { Adapter } from './adapter.ts'
import type { Pkce } from './authorize-url.ts'
import { appleProof, type ClientProof, secretProof } from './client-auth.ts'
import { planMetadata } from './metadata.ts'
import { type OidcPlan, oidcAdapter, type Reading } from './oidc.ts'
import { displayText, profileOf } from './profile.ts'
import {
  authorizePlan,
  clientAuthOption,
  configProblem,
  requiredOption,
  requiredSecret,
  type Setup,
  secondsOption,
} from './setup.ts'
import { invalid } from './trouble.ts'

interface OidcPreset {
  readonly issuer: string
  readonly discovery?: string
  readonly scopes: readonly string[]
  readonly pkce: Pkce
  /** `login_hint` of OpenID Connect unless the provider documents none. */
  readonly hint?: null
  readonly userinfo: OidcPlan['userinfo']
  readonly proof?: ClientProof
  readonly formPost?: boolean
  readonly backChannel?: OidcPlan['backChannel']
  readonly extras?: Readonly<Record<string, string>>
  readonly read: OidcPlan['read']
}

function build(setup: Setup, preset: OidcPreset): Adapter {
  const { config } = setup
  const plan = authorizePlan(config, { nonce: 'sent', hint: 'login_hint', ...preset }, preset.extras)
  const scopes = plan.scopes.includes('openid') ? plan.scopes : ['openid', ...plan.scopes]
  return oidcAdapter({
    metadata: planMetadata(
      config.options['issuer'] ?? preset.issuer,
      config.options,
      config.options['issuer'] === undefined ? (preset.discovery ?? null) : null,
    ),
    authorize: { ...plan, scopes },
    proof: preset.proof ?? secretProof(setup.secret, clientAuthOption(config)),
    formPost: preset.formPost ?? false,
    userinfo: preset.userinfo,
    backChannel: preset.backChannel ?? 'none',
    maxAge: secondsOption(config, 'maxAge'),
    read: preset.read,
  })
}

function subjectOf(claims: Readonly<Record<string, unknown>>): string {
  const { sub } = claims as { readonly sub?: unknown }
  if (typeof sub !== 'string') throw invalid('sub')
  return sub
}

function group(value: unknown): readonly string[] {
  return typeof value === 'string' && value !== '' ? [value] : []
}

function standardReading(claims: Readonly<Record<string, unknown>>, http: 'refuse' | 'allow'): Reading {
  const name = claims['name'] ?? claims['preferred_username'] ?? claims['nickname']
  const {
    email,
    email_verified: emailVerified,
    picture,
  } = claims as Readonly<Record<string, unknown>> & {
    readonly email?: unknown
    readonly email_verified?: unknown
    readonly picture?: unknown
  }
  return { subject: subjectOf(claims), profile: profileOf({ name, email, emailVerified, picture }, http), groups: {} }
}

/** Google: everything is in the ID token, so no profile call. `hd` proves a Workspace domain. */
export function google(setup: Setup): Adapter {
  const [domain, ...more] = setup.config.admit['hostedDomain'] ?? []
  return build(setup, {
    issuer: 'https://accounts.google.com',
    scopes: ['openid', 'email', 'profile'],
    pkce: 'required',
    userinfo: 'never',
    // WHY: only a hint that shortens Google's account chooser; `hd` of the ID token is what is checked.
    extras: domain !== undefined && more.length === 0 ? { hd: domain } : {},
    read: (claims, _finish, http) => ({
      ...standardReading(claims, http),
      groups: { hostedDomain: group(claims['hd']) },
    }),
  })
}

/** The display name in Apple's one-time `user` field; it is not signed, so nothing else of it is believed. */
function appleName(extra: string | null): string | null {
  if (extra === null || extra.length > 2048) return null
  try {
    const user: unknown = JSON.parse(extra)
    const { firstName, lastName } = (user as { name?: { firstName?: unknown; lastName?: unknown } }).name ?? {}
    return displayText([firstName, lastName].filter((part) => typeof part === 'string').join(' '))
  } catch {
    return null
  }
}

/** Apple: form post, a signed client secret, the name only at the first sign-in, no picture. */
export function apple(setup: Setup): Adapter {
  const { config } = setup
  const account = {
    teamId: requiredOption(config, 'teamId'),
    keyId: requiredOption(config, 'keyId'),
    clientId: config.clientId,
  }
  return build(setup, {
    issuer: 'https://appleid.apple.com',
    scopes: ['openid', 'name', 'email'],
    pkce: 'off',
    hint: null,
    userinfo: 'never',
    formPost: true,
    proof: appleProof(requiredSecret(setup), account),
    read: (claims, finish, http) => {
      const reading = standardReading(claims, http)
      return { ...reading, profile: { ...reading.profile, name: appleName(finish.extra), picture: null } }
    },
  })
}

const SHARED_TENANTS: readonly string[] = ['common', 'organizations', 'consumers']

function microsoftIssuer(config: ProviderConfig): { readonly issuer: string; readonly discovery: string } {
  const tenant = config.options['tenant'] ?? 'common'
  if (!GUID.test(tenant) && !SHARED_TENANTS.includes(tenant)) {
    throw configProblem(
      config,
      `options.tenant is "${tenant}"; it is the tenant's GUID, common, organizations or consumers`,
    )
  }
  const name = GUID.test(tenant) ? tenant : tenant === 'consumers' ? CONSUMERS : '{tenantid}'
  return {
    issuer: `https://login.microsoftonline.com/${name}/v2.0`,
    discovery: `https://login.microsoftonline.com/${tenant}/v2.0/.well-known/openid-configuration`,
  }
}

/**
 * Microsoft: the shared endpoints' issuer is a template filled by the token's tenant.
 *
 * ATTACK (nOAuth): a tenant's administrator writes any address into `email`; only `xms_edov` says that it is verified.
 */
export function microsoft(setup: Setup): Adapter {
  return build(setup, {
    ...microsoftIssuer(setup.config),
    scopes: ['openid', 'email', 'profile'],
    pkce: 'sent',
    userinfo: 'never',
    read: (claims, _finish, http) => {
      const reading = standardReading(claims, http)
      const verified = claims['xms_edov'] === true || claims['xms_edov'] === '1' || claims['xms_edov'] === 1
      return {
        ...reading,
        profile: { ...reading.profile, emailVerified: verified && reading.profile.email !== null },
        groups: { tenant: group(claims['tid']) },
      }
    },
  })
}

/** Slack's OpenID flow; the subject is workspace and member, because member ids are only unique within a workspace. */
export function slackOpenid(setup: Setup): Adapter {
  const [team, ...more] = setup.config.admit['workspace'] ?? []
  return build(setup, {
    issuer: 'https://slack.com',
    scopes: ['openid', 'email', 'profile'],
    pkce: 'off',
    hint: null,
    userinfo: 'never',
    // WHY: only a hint that spares people the choice of a workspace; the signed team id is what is checked.
    extras: team !== undefined && more.length === 0 ? { team } : {},
    read: (claims, _finish, http) => {
      const team = claims['https://slack.com/team_id']
      if (typeof team !== 'string' || team === '') throw invalid('team_id')
      const reading = standardReading(claims, http)
      return { ...reading, subject: `${team}-${reading.subject}`, groups: { workspace: [team] } }
    },
  })
}

/** Any OpenID Connect issuer. */
export function oidc(setup: Setup): Adapter {
  return build(setup, {
    issuer: requiredOption(setup.config, 'issuer'),
    scopes: ['openid', 'email', 'profile'],
    pkce: 'required',
    userinfo: 'missing',
    backChannel: 'accepted',
    read: (claims, _finish, http) => standardReading(claims, http),
  })
}
