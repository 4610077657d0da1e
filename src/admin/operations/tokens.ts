import type { Reader } from '../../config/reader.ts'
import { type Permission, type Seconds, seconds, type UserId } from '../../core/brand.ts'
import type { User } from '../../core/person.ts'
import { ok } from '../../core/result.ts'
import { effective, grants, PERMISSION_NAME } from '../../policy/permissions.ts'
import type { Policy } from '../../policy/policy.ts'
import type { ApiToken } from '../../ports/token-store.ts'
import { freshApiToken } from '../../session/api-token.ts'
import { PEOPLE, targetOf, unknownUser } from './authority.ts'
import { actingUser, type Call, noteOf, type Outcome, refused } from './call.ts'
import { boundedText, type Operation, operation, optionalBounded, shownTime, userId } from './define.ts'
import { tokenView, type View } from './views.ts'

const DAY = 86_400
const MOST_TOKENS = 50
const LONGEST_LIFE = 366 * DAY
const DEFAULT_LIFE = 90 * DAY
const LONGEST_OVERLAP = 7 * DAY

/** What a new token shall be. */
export interface TokenInput {
  readonly name: string
  readonly description: string
  /** Null: all of its owner's permissions, as they are at each use. */
  readonly scopes: readonly string[] | null
  readonly expiresIn: Seconds
  readonly hourlyLimit: number | null
}

/** A new API token of a person; its text is in this answer and nowhere else (seeds T6). */
export async function createToken(call: Call, owner: User, input: TokenInput): Promise<Outcome<View>> {
  const { store, runtime, apiMac } = call.gateway
  const policy = call.gateway.policy()
  if (owner.guest) return refused('guest-refused', 'guests have no API tokens; sign in with an account')
  const beyond = scopesBeyond(policy, owner, input.scopes ?? [])
  if (beyond.length > 0)
    return refused('permission-denied', 'a token never has more than its owner', { where: 'scopes', missing: beyond })
  const now = runtime.now()
  if (call.mode === 'rehearse') {
    const listed = await store.tokens.list(owner, now)
    const alive = listed.filter(({ expiresAt }) => expiresAt === null || expiresAt > now)
    return alive.length < MOST_TOKENS ? ok({ name: input.name, scopes: input.scopes }) : tooMany()
  }
  const { text, key, id } = await freshApiToken(apiMac, owner.tag, (count) => runtime.random(count))
  const token: ApiToken = {
    id,
    key,
    owner: owner.id,
    name: input.name,
    description: input.description,
    scopes: input.scopes as readonly Permission[] | null,
    createdAt: now,
    expiresAt: seconds(now + input.expiresIn),
    lastUsedAt: null,
    uses: 0,
    hourlyLimit: input.hourlyLimit,
  }
  const audit = noteOf(call, 'token-created', owner.id, { token: id, scopes: input.scopes?.join(' ') ?? null })
  const created = await store.tokens.create(owner, token, MOST_TOKENS, audit)
  if (created === 'full') return tooMany()
  return created === 'no-user' ? unknownUser(owner.id) : ok({ ...tokenView(token, now), token: text })
}

function tooMany(): Outcome<never> {
  return refused('quota-exceeded', `revoke one first: ${MOST_TOKENS} tokens a person`, { limit: MOST_TOKENS })
}

/** The scopes that reach beyond what the owner may now. */
export function scopesBeyond(policy: Policy, owner: User, scopes: readonly string[]): readonly string[] {
  const own = effective(policy, owner.roles)
  if (own.all) return []
  return scopes.filter((scope) => {
    if (!scope.endsWith('*')) return !own.set.has(scope as Permission)
    const covered = policy.bundle.permissions.filter((permission) => grants(scope, permission))
    return covered.length === 0 || !covered.every((permission) => own.set.has(permission))
  })
}

/** The tokens of a person, without their secrets. */
export async function listTokens(call: Call, owner: User): Promise<Outcome<View>> {
  const { store, runtime } = call.gateway
  const now = runtime.now()
  return ok({ tokens: (await store.tokens.list(owner, now)).map((token) => tokenView(token, now)) })
}

/** A new secret for a token; the old one goes on for the overlap, and never beyond its own end. */
export async function rotateToken(
  call: Call,
  owner: User,
  input: { readonly token: string; readonly overlap: Seconds },
): Promise<Outcome<View>> {
  const { store, runtime, apiMac } = call.gateway
  const now = runtime.now()
  const old = (await store.tokens.list(owner, now)).find(({ id }) => id === input.token)
  if (old === undefined || (old.expiresAt !== null && old.expiresAt <= now)) return unknownToken(input.token)
  if (call.mode === 'rehearse') return ok({ token_id: input.token })
  const { text, key, id } = await freshApiToken(apiMac, owner.tag, (count) => runtime.random(count))
  const life = old.expiresAt === null ? LONGEST_LIFE : old.expiresAt - old.createdAt
  const expiresAt = seconds(now + life)
  const fresh: ApiToken = { ...old, id, key, createdAt: now, expiresAt, lastUsedAt: null, uses: 0 }
  const until = seconds(Math.min(now + input.overlap, old.expiresAt ?? now + input.overlap))
  const audit = noteOf(call, 'token-rotated', owner.id, { token: id, replaces: old.id })
  if ((await store.tokens.rotate(owner, old.id, fresh, until, audit)) === 'unknown') return unknownToken(input.token)
  return ok({ ...tokenView(fresh, now), token: text, replaces: old.id, old_until: shownTime(until) })
}

/** Ends a token at once, also one that only overlaps. */
export async function revokeToken(call: Call, owner: User, input: { readonly token: string }): Promise<Outcome<View>> {
  const { store, runtime } = call.gateway
  if (call.mode === 'rehearse') {
    const known = await store.tokens.list(owner, runtime.now())
    return known.some(({ id }) => id === input.token) ? ok({ revoked: input.token }) : unknownToken(input.token)
  }
  const audit = noteOf(call, 'token-revoked', owner.id, { token: input.token })
  const revoked = await store.tokens.revoke(owner, input.token, audit)
  return revoked ? ok({ revoked: input.token }) : unknownToken(input.token)
}

function unknownToken(id: string): Outcome<never> {
  return refused('not-found', 'give the id of a live token, as `tokens list` shows it', { where: 'token', what: id })
}

/** Reads what a new token shall be. */
export function tokenInput(read: Reader): TokenInput {
  const scopes = read.raw('scopes') === undefined || read.raw('scopes') === null ? null : read.texts('scopes')
  if (scopes?.length === 0) read.fault('scopes', 'must not be empty: leave it out for all permissions of the owner')
  for (const scope of scopes ?? [])
    if (scope !== '*' && !PERMISSION_NAME.test(scope.replace(/[.:]\*$/, '')))
      read.fault('scopes', `"${scope}" is no permission`)
  return {
    name: boundedText(read, 'name', 80),
    description: optionalBounded(read, 'description', 200) ?? '',
    scopes,
    expiresIn: seconds(Math.ceil(read.duration('expires_in', LONGEST_LIFE, DEFAULT_LIFE))),
    hourlyLimit: read.raw('hourly_limit') === undefined ? null : read.integer('hourly_limit', 1, 1_000_000, 100),
  }
}

/** Reads which token to rotate, and for how long the old one goes on. */
export function rotationInput(read: Reader): { readonly token: string; readonly overlap: Seconds } {
  return {
    token: boundedText(read, 'token', 64),
    overlap: seconds(Math.ceil(read.duration('overlap', LONGEST_OVERLAP, DAY))),
  }
}

async function owned(call: Call, user: string, work: (owner: User) => Promise<Outcome<View>>): Promise<Outcome<View>> {
  if (actingUser(call.actor) === user) {
    const own = await call.gateway.store.directory.read(user as UserId)
    return own === null ? unknownUser(user) : work(own)
  }
  const target = await targetOf(call, user, PEOPLE)
  return target.ok ? work(target.value) : target
}

/** Operations about API tokens of people; making one for somebody else is acting as them, so only the operator may. */
export const tokenOperations: readonly Operation[] = [
  operation(
    { name: 'tokens.create', effect: 'write', needs: 'operator' },
    (read) => ({ user: userId(read), token: tokenInput(read) }),
    (call, { user, token }) => owned(call, user, (owner) => createToken(call, owner, token)),
  ),
  operation(
    { name: 'tokens.list', effect: 'read', needs: 'tokens' },
    (read) => ({ user: userId(read) }),
    (call, { user }) => owned(call, user, (owner) => listTokens(call, owner)),
  ),
  operation(
    { name: 'tokens.rotate', effect: 'write', needs: 'operator' },
    (read) => ({ user: userId(read), rotation: rotationInput(read) }),
    (call, { user, rotation }) => owned(call, user, (owner) => rotateToken(call, owner, rotation)),
  ),
  operation(
    { name: 'tokens.revoke', effect: 'write', needs: 'tokens' },
    (read) => ({ user: userId(read), token: boundedText(read, 'token', 64) }),
    (call, { user, token }) => owned(call, user, (owner) => revokeToken(call, owner, { token })),
  ),
]
