import type { z } from 'zod'
import type { PolicyData } from './language.ts'
import type { Problems } from './problem.ts'
import { METHODS, policyFile } from './schema.ts'
import type { Source } from './source.ts'
import { didYouMean } from './suggest.ts'

type Issue = z.core.$ZodIssue

/** Keys that a map of the language may have, by the name of the key that holds it: for suggestions. */
const KEYS: Readonly<Record<string, readonly string[]>> = {
  '': ['users', 'permissions', 'roles', 'upstream', 'host', 'rules', 'tests', 'acknowledge'],
  rules: [
    ...['id', 'path', 'methods', 'host', 'upstream', 'access', 'denyStatus', 'permission', 'anyPermission'],
    ...['allPermissions', 'role', 'minLevel', 'character', 'when', 'freshWithin', 'guest', 'tokens', 'params'],
    ...['allowForms', 'body', 'quota', 'rateLimit', 'maxBody', 'timeout', 'csrf', 'origins', 'websocket', 'redact'],
    ...['activity', 'onSuccess', 'onboarding', 'mode'],
  ],
  roles: [
    ...['displayName', 'system', 'level', 'permissions', 'inherits', 'manages', 'sessionTtl', 'idleTtl', 'maxSessions'],
  ],
  params: [
    ...['in', 'type', 'min', 'max', 'values', 'pattern', 'maxLength', 'required', 'allowWords', 'equals', 'redirect'],
  ],
  tests: ['name', 'request', 'host', 'body', 'as', 'expect', 'rule'],
  as: [
    ...[
      'roles',
      'permissions',
      'guest',
      'character',
      'id',
      'attributes',
      'signedInAgo',
      'standing',
      'token',
      'provider',
    ],
  ],
  users: ['defaultRole', 'guestRole', 'roles'],
  quota: ['name', 'limits', 'effect'],
  rateLimit: ['limit', 'window', 'per'],
  websocket: ['lease', 'unauthenticated', 'maxAge'],
  onSuccess: ['select', 'deselect', 'signOut', 'setAttribute'],
  select: ['id', 'world', 'name'],
  body: ['field', 'cases'],
  cases: ['permission', 'anyPermission', 'allPermissions', 'role', 'minLevel', 'character', 'when'],
  onboarding: ['attribute', 'page'],
  setAttribute: ['name', 'value'],
  redirect: ['missing', 'malformed'],
}

/** Words that values are chosen from, by key: for suggestions. */
const WORDS: Readonly<Record<string, readonly string[]>> = {
  methods: METHODS,
  access: ['public', 'optional', 'session', 'deny'],
  guest: ['refuse', 'allow', 'auto'],
  tokens: ['refuse', 'allow'],
  mode: ['enforce', 'shadow'],
  csrf: ['auto', 'off'],
  type: ['text', 'slug', 'uuid', 'int', 'enum', 'pattern'],
  per: ['user', 'session', 'address'],
  effect: ['raise', 'lower'],
}

function holder(path: readonly PropertyKey[]): string {
  const names = path.filter((step): step is string => typeof step === 'string')
  for (const name of [...names].reverse()) if (name in KEYS) return name
  return ''
}

function valueAt(data: unknown, path: readonly PropertyKey[]): unknown {
  let here = data
  for (const step of path) {
    if (typeof here !== 'object' || here === null) return undefined
    here = (here as Record<PropertyKey, unknown>)[step]
  }
  return here
}

/** The issues of a union that say most: those of the branch the author meant. */
function meant(issue: Issue, value: unknown): readonly Issue[] {
  if (issue.code !== 'invalid_union') return [issue]
  const isWrongKind = (one: Issue): boolean => one.path.length === 0 && one.code === 'invalid_type'
  const branches = issue.errors.filter((branch) => !branch.some(isWrongKind))
  const branch = branches.find((one) => one.length > 0)
  if (branches.length !== 1 || branch === undefined) return [issue]
  const inner = branch.map((one) => ({ ...one, path: [...issue.path, ...one.path] }) as Issue)
  return inner.flatMap((one) => meant(one, valueAt(value, one.path)))
}

function show(value: unknown): string {
  if (value === undefined || value === null) return 'nothing'
  const written = JSON.stringify(value)
  return written.length > 60 ? `${written.slice(0, 57)}...` : written
}

function report(issue: Issue, source: Source, problems: Problems): void {
  const key = [...issue.path].reverse().find((step) => typeof step === 'string')
  if (issue.code === 'unrecognized_keys') {
    for (const name of issue.keys) {
      const hint = didYouMean(name, KEYS[holder(issue.path)] ?? [])
      problems.error(source.atKey([...issue.path, name]), 'PST210', `unknown key "${name}"`, hint)
    }
    return
  }
  const value = valueAt(source.data, issue.path)
  const at = source.at(issue.path)
  const name = String(key ?? 'the file')
  if (issue.code === 'too_small' && Array.isArray(value)) {
    problems.error(
      source.atKey(issue.path),
      'PST212',
      `"${name}" is an empty list`,
      'name at least one, or remove the key',
    )
    return
  }
  if (value === undefined && issue.path.length > 0) {
    problems.error(source.at(issue.path.slice(0, -1)), 'PST214', `"${name}" is missing`, issue.message)
    return
  }
  const words = typeof value === 'string' ? (WORDS[name] ?? []) : []
  const near = typeof value === 'string' && words.length > 0 ? didYouMean(value, words) : null
  const lower = typeof value === 'string' && value !== value.toLowerCase() ? `write "${value.toLowerCase()}"` : null
  const hint = near ?? (issue.message.includes('lower case') ? lower : null)
  problems.error(at, 'PST211', `"${name}": ${issue.message}, found ${show(value)}`, hint)
}

/** The file as data of the right form; null when it has another, with every deviation reported. */
export function readForm(source: Source, problems: Problems): PolicyData | null {
  const read = policyFile.safeParse(source.data)
  if (read.success) return read.data
  for (const issue of read.error.issues) {
    for (const one of meant(issue, valueAt(source.data, issue.path))) report(one, source, problems)
  }
  return null
}
