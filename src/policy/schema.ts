import { z } from 'zod'
import type { PolicyData } from './language.ts'
import { PERMISSION_NAME } from './permissions.ts'
import { durationOf } from './units.ts'

const text = (what: string): z.ZodString =>
  z.string({ error: `expected ${what}` }).min(1, { error: `expected ${what}` })

const permission = text('a permission such as players.view')
  .regex(PERMISSION_NAME, {
    error: 'not a permission name: lower case, parts joined by . or :',
  })
  .max(100)
/** Also `*` alone and after a separator. */
const grant = text('a permission, area.* or *')
  .regex(/^(?:\*|[a-z][a-z0-9_-]*(?:[.:][a-z][a-z0-9_-]*)*(?:[.:]\*)?)$/, {
    error: 'not a permission name: lower case, parts joined by . or :, * only alone or last',
  })
  .max(100)
const role = text('a role name')
  .regex(/^[a-z][a-z0-9_-]*$/, { error: 'role names are lower case' })
  .max(60)
const word = text('a name').max(100)

const listOf = <T extends z.ZodType>(item: T, what: string): z.ZodArray<T> =>
  z.array(item, { error: `expected a list of ${what}` }).min(1, { error: 'the list is empty' })
const oneOrMore = <T extends z.ZodType>(item: T, what: string): z.ZodUnion<readonly [T, z.ZodArray<T>]> =>
  z.union([item, listOf(item, what)], { error: `expected one of or a list of ${what}` })
const word1 = <const T extends readonly [string, ...string[]]>(...words: T): z.ZodEnum<{ [K in T[number]]: K }> =>
  z.enum(words, { error: `expected ${words.join(' or ')}` }) as z.ZodEnum<{ [K in T[number]]: K }>

const DURATION = 'expected a duration such as 30s, 5m, 8h or 7d'
/** @param most - the longest one, as it is written */
function durationUpTo(most: string): z.ZodUnion<readonly [z.ZodInt, z.ZodString]> {
  const bound = durationOf(most)
  const beyond = { error: `expected at most ${most}` }
  return z
    .union(
      [
        z.int().positive().max(bound, beyond),
        z
          .string()
          .regex(/^[1-9][0-9]*(?:s|m|h|d)$/, { error: DURATION, abort: true })
          .refine((written) => durationOf(written) <= bound, beyond),
      ],
      { error: DURATION },
    )
    .meta({ description: `Whole seconds, or a number with s, m, h or d; at most ${most}.` })
}
/** As in the configuration: no life and no window is longer. */
const duration = durationUpTo('365d')
/** WHY: timers count milliseconds in 32 bits; after 24.8 days they turn over and fire at once, for every socket again. */
const socketAge = durationUpTo('24d')
/** As in the configuration: `responseTimeout`. */
const patience = durationUpTo('1h')
const SIZE = 'expected a size such as 64KiB or 1MiB'
const size = z
  .union([z.int().positive(), z.string().regex(/^[1-9][0-9]*(?:KiB|MiB)$/, { error: SIZE })], { error: SIZE })
  .meta({ description: 'Bytes, or a number with KiB or MiB.' })

/** Every method a rule may name; CONNECT and TRACE never pass. */
export const METHODS: readonly [string, ...string[]] = [
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'OPTIONS',
  'QUERY',
  'SEARCH',
  'REPORT',
  'PROPFIND',
  'PROPPATCH',
  'MKCOL',
  'COPY',
  'MOVE',
  'LOCK',
  'UNLOCK',
]
const method = z.enum(METHODS, { error: 'not a method' })

const demandKeys = {
  permission: permission.optional().meta({ description: 'The caller needs this permission.' }),
  anyPermission: listOf(permission, 'permissions').optional().meta({ description: 'Any one of these.' }),
  allPermissions: listOf(permission, 'permissions').optional().meta({ description: 'Every one of these.' }),
  role: oneOrMore(role, 'role names').optional().meta({ description: 'Any one of these roles. Prefer a permission.' }),
  minLevel: z
    .int({ error: 'expected a whole number' })
    .optional()
    .meta({ description: 'The highest level of the roles must reach this.' }),
  character: z
    .literal('selected', { error: 'expected selected' })
    .optional()
    .meta({ description: 'A character must be selected (409 otherwise).' }),
  when: text('a CEL expression')
    .max(2000)
    .optional()
    .meta({ description: 'A CEL expression over user, session, request and params.' }),
}

/** Never `//host` or a scheme: a redirect stays here. */
const ownPath = text('a path on this host').regex(/^\/(?![/\\])[\x21-\x7e]*$/, {
  error: 'expected a path on this host, such as /lobby',
})
const redirect = z.union([ownPath, z.strictObject({ missing: ownPath, malformed: ownPath })], {
  error: 'expected a path, or missing: and malformed: with a path each',
})
const paramType = word1('text', 'slug', 'uuid', 'int', 'enum', 'pattern')
const param = z.union(
  [
    word1('text', 'slug', 'uuid', 'int'),
    z.strictObject({
      in: word1('path', 'query').optional(),
      type: paramType.optional(),
      min: z.int({ error: 'expected a whole number' }).optional(),
      max: z.int({ error: 'expected a whole number' }).optional(),
      values: listOf(text('a value'), 'values').optional(),
      pattern: text('a regular expression').max(500).optional(),
      maxLength: z.int().positive().max(8192).optional(),
      required: z.boolean({ error: 'expected true or false' }).optional(),
      allowWords: listOf(text('a word'), 'words').optional(),
      equals: z.literal('user.id', { error: 'expected user.id' }).optional(),
      redirect: redirect.optional(),
    }),
  ],
  { error: 'expected text, slug, uuid, int, or a map with type:' },
)

const source = text('path.NAME, request.NAME or answer.NAME').regex(/^(?:path|request|answer)\.[A-Za-z_][\w-]*$/, {
  error: 'expected path.NAME, request.NAME or answer.NAME',
})
const onSuccess = z
  .strictObject({
    select: z.strictObject({ id: source, world: source, name: source.optional() }).optional(),
    deselect: z.literal(true).optional(),
    signOut: z.literal(true).optional(),
    setAttribute: z.strictObject({ name: word, value: z.union([z.string(), z.number(), z.boolean()]) }).optional(),
  })
  .meta({ description: 'What a 2xx of the upstream does to the session: exactly one of the keys.' })

const rateLimit = z.strictObject({
  name: word.optional().meta({ description: 'Limits of one name count together.' }),
  limit: z.int().positive(),
  window: duration,
  per: word1('user', 'session', 'address').optional(),
})

const rule = z.strictObject({
  id: text('a rule id').max(200).optional().meta({ description: 'A stable name; default: method and path.' }),
  path: text('a path such as /players/:id').max(2048).meta({ description: 'Segments, :param, and * as last segment.' }),
  methods: oneOrMore(method, 'methods')
    .optional()
    .meta({ description: 'Default: all but CONNECT and TRACE. GET covers HEAD.' }),
  host: oneOrMore(text('a host'), 'hosts').optional(),
  upstream: word.optional(),
  access: word1('public', 'optional', 'session', 'deny').optional().meta({ description: 'Default: session.' }),
  denyStatus: z
    .union([z.literal(403), z.literal(404), z.literal(410)], { error: 'expected 403, 404 or 410' })
    .optional(),
  denyText: text('what to do instead').max(500).optional().meta({ description: 'Shown with denyStatus: 410.' }),
  ...demandKeys,
  freshWithin: duration.optional(),
  guest: word1('refuse', 'allow', 'auto').optional(),
  tokens: word1('refuse', 'allow').optional(),
  params: z.record(word, param).optional(),
  allowForms: listOf(word1(';', '%2F'), 'forms').optional(),
  body: z.strictObject({ field: word, cases: z.record(z.string(), z.strictObject(demandKeys)) }).optional(),
  quota: z
    .strictObject({
      name: word,
      limits: z
        .record(
          z.string(),
          z.union([z.int().nonnegative(), z.literal('unlimited')], { error: 'expected a number or unlimited' }),
        )
        .optional(),
      effect: word1('raise', 'lower').optional(),
    })
    .optional(),
  rateLimit: rateLimit.optional(),
  maxBody: size.optional(),
  timeout: patience.optional(),
  csrf: word1('auto', 'off').optional(),
  origins: listOf(text('an origin such as https://play.example.com'), 'origins').optional(),
  websocket: z
    .strictObject({
      lease: word1('on', 'off').optional(),
      unauthenticated: word1('refuse', 'accept-then-close').optional(),
      maxAge: socketAge.optional(),
    })
    .optional(),
  redact: listOf(word, 'parameter names').optional(),
  activity: z.boolean({ error: 'expected true or false' }).optional(),
  onSuccess: onSuccess.optional(),
  onboarding: z.strictObject({ attribute: word, page: ownPath }).optional(),
  mode: word1('enforce', 'shadow').optional(),
})

const roleBody = z.strictObject({
  displayName: text('a name').max(100).optional(),
  system: z
    .boolean({ error: 'expected true or false' })
    .optional()
    .meta({ description: 'Built-in: not renamed, not deleted.' }),
  level: z.int({ error: 'expected a whole number' }),
  permissions: z.array(grant, { error: 'expected a list of permissions' }),
  inherits: oneOrMore(role, 'role names').optional(),
  manages: z.array(role, { error: 'expected a list of role names' }).optional(),
  sessionTtl: duration.optional(),
  idleTtl: duration.optional(),
  maxSessions: z.int({ error: 'expected a whole number' }).positive({ error: 'expected at least 1' }).optional(),
})

const caller = z.union(
  [
    text('nobody or a role name'),
    z.strictObject({
      roles: z.array(role).optional(),
      permissions: listOf(grant, 'permissions').optional(),
      guest: z.boolean().optional(),
      character: z.boolean().optional(),
      id: word.optional(),
      attributes: z.record(word, z.union([z.string(), z.number(), z.boolean()])).optional(),
      signedInAgo: duration.optional(),
      standing: word1('active', 'suspended', 'banned').optional(),
      token: z.union([z.literal(true), listOf(grant, 'scopes')]).optional(),
      provider: word.optional(),
    }),
  ],
  { error: 'expected nobody, a role name, or a map with roles:' },
)
const OUTCOMES = [
  'allow',
  'unknown-route',
  'method-not-allowed',
  'bad-form',
  'bad-parameter',
  'bad-body',
  'needs-session',
  'needs-fresh',
  'guest-required',
  'guest-refused',
  'suspended',
  'forbid',
  'not-found',
  'gone',
  'onboarding',
  'needs-character',
] as const
const outcome = z.union([z.enum(OUTCOMES), z.literal([400, 401, 403, 404, 405, 409, 410])], {
  error: 'expected allow, a status (400, 401, 403, 404, 405, 409, 410), or a kind of decision such as needs-session',
})
const policyTest = z.strictObject({
  name: text('a name').max(300),
  request: text('a method and a path such as GET /players').regex(/^[A-Z]+ \//, {
    error: 'expected a method and a path such as GET /players',
  }),
  host: word.optional(),
  certificate: z.boolean({ error: 'expected true or false' }).optional(),
  body: z
    .union([z.string(), z.number(), z.boolean()])
    .optional()
    .meta({ description: "Value of the rule's body field." }),
  as: caller.optional(),
  expect: z.union([outcome, z.record(z.string(), outcome)], {
    error: 'expected an outcome, or a map of caller: outcome',
  }),
  rule: text('a rule id').optional().meta({ description: 'Id of the rule that must decide.' }),
})

/** One policy file: the source of the checks and of the published JSON Schema. */
export const policyFile: z.ZodType<PolicyData> = z.strictObject({
  users: z
    .strictObject({ defaultRole: role, guestRole: role.optional(), roles: word1('one', 'many').optional() })
    .optional(),
  permissions: z.array(permission, { error: 'expected a list of permissions' }).optional(),
  roles: z.record(role, roleBody).optional(),
  upstream: word.optional(),
  host: oneOrMore(text('a host'), 'hosts').optional(),
  rateLimit: rateLimit.optional(),
  rules: z.array(rule, { error: 'expected a list of rules' }).optional(),
  tests: z.array(policyTest, { error: 'expected a list of tests' }).optional(),
  acknowledge: listOf(
    text('an acknowledgement').regex(/^(?:public|wider|wildcard|admin|role) /, {
      error: 'expected public RULE, wider RULE: WHAT, role ROLE: WHAT, wildcard ROLE or admin ROLE PERMISSION',
    }),
    'acknowledgements',
  ).optional(),
})

/** The published JSON Schema of a policy file (editors complete and check with it). */
export function jsonSchema(): Record<string, unknown> {
  const made = z.toJSONSchema(policyFile, { io: 'input', target: 'draft-2020-12' })
  return { ...made, $id: 'postern.schema.json', title: 'Postern policy file' }
}
