import type { Adapter } from './adapter.ts'
import type { AuthorizePlan, Pkce } from './authorize-url.ts'
import { secretProof } from './client-auth.ts'
import {
  type Api,
  type Grant,
  type Oauth2Plan,
  oauth2Adapter,
  type Person,
  slackAnswer,
  standardGrant,
} from './oauth2.ts'
import { readJson, readObject } from './outbound.ts'
import { profileOf } from './profile.ts'
import { authorizePlan, clientAuthOption, requiredOption, type Setup } from './setup.ts'
import { invalid } from './trouble.ts'

interface Oauth2Preset {
  readonly issuer: string
  readonly issuers?: readonly string[]
  readonly authorization: string
  readonly token: string
  readonly scopes: readonly string[]
  readonly pkce: Pkce
  readonly hint: string | null
  readonly clientAuth: 'basic' | 'post'
  readonly readGrant?: Oauth2Plan['readGrant']
  readonly scopeParameter?: string
  readonly extras?: Readonly<Record<string, string>>
  readonly person: Oauth2Plan['person']
}

/**
 * Who vouches for the account numbers of a provider.
 *
 * ATTACK: GitHub Enterprise and github.com both have a user 1; with the same issuer they would be one person.
 */
function issuerOf({ config }: Setup, preset: string): string {
  const { issuer, userinfo } = config.options
  if (issuer !== undefined) return issuer
  return userinfo === undefined ? preset : (URL.parse(userinfo)?.origin ?? preset)
}

function build(setup: Setup, preset: Oauth2Preset): Adapter {
  const { config } = setup
  const issuer = issuerOf(setup, preset.issuer)
  const wishes: AuthorizePlan = authorizePlan(
    config,
    { nonce: 'off', scopes: preset.scopes, pkce: preset.pkce, hint: preset.hint },
    preset.extras,
  )
  return oauth2Adapter({
    issuer,
    issuers: issuer === preset.issuer ? [issuer, ...(preset.issuers ?? [])] : [issuer],
    authorization: config.options['authorization'] ?? preset.authorization,
    token: config.options['token'] ?? preset.token,
    authorize: { ...wishes, scopeParameter: preset.scopeParameter ?? 'scope' },
    proof: secretProof(setup.secret, clientAuthOption(config) ?? preset.clientAuth),
    readGrant: preset.readGrant ?? standardGrant,
    person: preset.person,
  })
}

/** A subject from a string or a whole number; anything else is no identity. */
export function subjectText(value: unknown): string {
  if (typeof value === 'string' && value !== '' && value.length <= 255) return value
  if (typeof value === 'number' && Number.isSafeInteger(value)) return String(value)
  throw invalid('subject')
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : {}
}

/**
 * Discord: API v10, the two calls needed and a third only for a guild list, `global_name` else `username`, the picture
 * built from id and hash, the e-mail address possibly absent.
 */
export function discord(setup: Setup): Adapter {
  const { options, admit, scopes } = setup.config
  const guilds = admit['guild'] !== undefined
  const me = options['userinfo'] ?? 'https://discord.com/api/v10/users/@me'
  return build(setup, {
    issuer: 'https://discord.com',
    authorization: 'https://discord.com/oauth2/authorize',
    token: 'https://discord.com/api/v10/oauth2/token',
    scopes: guilds && scopes === null ? ['identify', 'email', 'guilds'] : ['identify', 'email'],
    pkce: 'sent',
    hint: null,
    clientAuth: 'basic',
    person: async (api) => {
      const user = await readObject(await api.get(me))
      const subject = subjectText(user['id'])
      const { avatar } = user as { readonly avatar?: unknown }
      const hasPicture = typeof avatar === 'string' && /^\w{1,64}$/.test(avatar) && /^\d{1,24}$/.test(subject)
      const picture = hasPicture ? `https://cdn.discordapp.com/avatars/${subject}/${avatar}.png` : null
      const name = user['global_name'] ?? user['username']
      return {
        subject,
        profile: profileOf({ name, email: user['email'], emailVerified: user['verified'], picture }, api.http),
        groups: { guild: guilds ? await discordGuilds(api, options['guilds'] ?? `${me}/guilds`) : [] },
        claims: user,
      }
    },
  })
}

async function discordGuilds(api: Api, url: string): Promise<readonly string[]> {
  const response = await api.get(url)
  if (response.status !== 200) throw invalid('guilds')
  const list = await readJson(response)
  if (!Array.isArray(list)) throw invalid('guilds')
  return list.map((guild) => record(guild)['id']).filter((id) => typeof id === 'string')
}

/** GitHub: the number is the subject (names change hands), the address is the primary one if it is verified. */
export function github(setup: Setup): Adapter {
  const { options, scopes } = setup.config
  const user = options['userinfo'] ?? 'https://api.github.com/user'
  const asksMail = scopes === null || scopes.includes('user:email') || scopes.includes('user')
  return build(setup, {
    issuer: 'https://github.com',
    issuers: ['https://github.com/login/oauth'],
    authorization: 'https://github.com/login/oauth/authorize',
    token: 'https://github.com/login/oauth/access_token',
    scopes: ['read:user', 'user:email'],
    pkce: 'sent',
    hint: 'login',
    clientAuth: 'post',
    person: async (api) => {
      const account = await readObject(await api.get(user))
      const email = asksMail ? await githubMail(api, options['emails'] ?? `${user}/emails`) : null
      const {
        id,
        name,
        login,
        avatar_url: picture,
      } = account as Readonly<Record<'id' | 'name' | 'login' | 'avatar_url', unknown>>
      const display = typeof name === 'string' && name !== '' ? name : login
      return {
        subject: subjectText(id),
        profile: profileOf({ name: display, email, emailVerified: email !== null, picture }, api.http),
        groups: {},
        claims: account,
      }
    },
  })
}

async function githubMail(api: Api, url: string): Promise<unknown> {
  const response = await api.get(url)
  // WHY: the person may have unticked the scope; that is no reason to keep them out.
  if (response.status === 403 || response.status === 404) return null
  if (response.status !== 200) throw invalid('emails')
  const list = await readJson(response)
  if (!Array.isArray(list)) throw invalid('emails')
  const primary = list.map(record).find((entry) => entry['primary'] === true && entry['verified'] === true)
  return primary?.['email'] ?? null
}

/** X: OAuth 2 with PKCE; an e-mail address only with the scope `users.email`, and then a confirmed one. */
export function x(setup: Setup): Adapter {
  const { options, scopes } = setup.config
  const fields = scopes?.includes('users.email') === true ? 'profile_image_url,confirmed_email' : 'profile_image_url'
  return build(setup, {
    issuer: 'https://x.com',
    authorization: 'https://x.com/i/oauth2/authorize',
    token: 'https://api.x.com/2/oauth2/token',
    scopes: ['users.read', 'tweet.read'],
    pkce: 'sent',
    hint: null,
    clientAuth: 'basic',
    person: async (api) => {
      const answer = await readObject(
        await api.get(options['userinfo'] ?? `https://api.x.com/2/users/me?user.fields=${fields}`),
      )
      const user = record(answer['data'])
      const email = user['confirmed_email']
      const raw = {
        name: user['name'] ?? user['username'],
        email,
        emailVerified: typeof email === 'string',
        picture: user['profile_image_url'],
      }
      return { subject: subjectText(user['id']), profile: profileOf(raw, api.http), groups: {}, claims: user }
    },
  })
}

/** Slack's older flow with user scopes (`identity.basic`, `identity.email`, or `users:read`), bound to a workspace. */
export function slackIdentity(setup: Setup): Adapter {
  const { options, admit } = setup.config
  const [team, ...more] = admit['workspace'] ?? []
  return build(setup, {
    issuer: 'https://slack.com',
    authorization: 'https://slack.com/oauth/v2/authorize',
    token: 'https://slack.com/api/oauth.v2.access',
    scopes: ['identity.basic', 'identity.email', 'identity.avatar'],
    scopeParameter: 'user_scope',
    pkce: 'off',
    hint: null,
    clientAuth: 'post',
    extras: team !== undefined && more.length === 0 ? { team } : {},
    readGrant: slackGrant,
    person: (api, grant) => slackPerson(api, grant, options['userinfo'] ?? 'https://slack.com/api/users.identity'),
  })
}

async function slackGrant(response: Response): Promise<Grant> {
  const answer = await slackAnswer(response)
  // WHY: the token at the top belongs to the app's bot; the person's own is inside `authed_user`.
  const accessToken = record(answer['authed_user'])['access_token']
  if (typeof accessToken !== 'string' || accessToken === '') throw invalid('access_token')
  return { accessToken, answer }
}

async function slackPerson(api: Api, grant: Grant, url: string): Promise<Person> {
  const member = subjectText(record(grant.answer['authed_user'])['id'])
  const team = subjectText(record(grant.answer['team'])['id'])
  const answer = await slackAnswer(await api.post(url, { user: member }))
  const user = record(answer['user'])
  // ATTACK: the profile must be the one the token was issued for, in the workspace it was issued in.
  const answered = record(answer['team'])['id']
  if (user['id'] !== member || (answered !== undefined && answered !== team)) throw invalid('slack-member')
  const inner = record(user['profile'])
  const raw = {
    name: user['real_name'] ?? user['name'],
    email: user['email'] ?? inner['email'],
    emailVerified: user['is_email_confirmed'],
    picture: user['image_192'] ?? inner['image_192'],
  }
  return {
    subject: `${team}-${member}`,
    profile: profileOf(raw, api.http),
    groups: { workspace: [team] },
    claims: { ...user, team_id: team },
  }
}

function at(value: unknown, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>((inner, name) => (Object.hasOwn(record(inner), name) ? record(inner)[name] : undefined), value)
}

/**
 * Any OAuth 2 endpoint: `authorization`, `token`, `userinfo` and `issuer` are given, and `field.subject`, `field.name`,
 * `field.email`, `field.emailVerified`, `field.picture` say where in the answer things are (`data.id`).
 */
export function oauth2(setup: Setup): Adapter {
  const { options } = setup.config
  const userinfo = requiredOption(setup.config, 'userinfo')
  const field = (name: string, usual: string): string => options[`field.${name}`] ?? usual
  return build(setup, {
    issuer: requiredOption(setup.config, 'issuer'),
    authorization: requiredOption(setup.config, 'authorization'),
    token: requiredOption(setup.config, 'token'),
    scopes: [],
    pkce: 'sent',
    hint: 'login_hint',
    clientAuth: 'basic',
    person: async (api) => {
      const claims = await readObject(await api.get(userinfo))
      const raw = {
        name: at(claims, field('name', 'name')),
        email: at(claims, field('email', 'email')),
        emailVerified: at(claims, field('emailVerified', 'email_verified')),
        picture: at(claims, field('picture', 'picture')),
      }
      return {
        subject: subjectText(at(claims, field('subject', 'sub'))),
        profile: profileOf(raw, api.http),
        groups: {},
        claims,
      }
    },
  })
}
