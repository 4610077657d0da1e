import type { z } from 'zod'
import type { Problems } from './problem.ts'
import { type Form, salvage } from './salvage.ts'
import { METHODS, policyFile } from './schema.ts'
import type { Source } from './source.ts'
import { didYouMean } from './suggest.ts'

type Issue = z.core.$ZodIssue

/** Keys that a map of the language may have, by the name of the key that holds it: for suggestions. */
const KEYS: Readonly<Record<string, readonly string[]>> = {
  '': ['users', 'permissions', 'roles', 'upstream', 'host', 'rateLimit', 'rules', 'tests', 'acknowledge'],
  rules: [
    ...['id', 'path', 'methods', 'host', 'upstream', 'access', 'denyStatus', 'denyText', 'permission'],
    ...[
      'anyPermission',
      'allPermissions',
      'role',
      'minLevel',
      'character',
      'when',
      'freshWithin',
      'guest',
      'tokens',
      'params',
    ],
    ...['allowForms', 'body', 'quota', 'rateLimit', 'maxBody', 'timeout', 'csrf', 'origins', 'websocket', 'redact'],
    ...['activity', 'onSuccess', 'onboarding', 'mode'],
  ],
  roles: [
    ...['displayName', 'system', 'level', 'permissions', 'inherits', 'manages', 'sessionTtl', 'idleTtl', 'maxSessions'],
  ],
  params: [
    ...['in', 'type', 'min', 'max', 'values', 'pattern', 'maxLength', 'required', 'allowWords', 'equals', 'redirect'],
  ],
  tests: ['name', 'request', 'host', 'certificate', 'body', 'as', 'expect', 'rule'],
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
  rateLimit: ['name', 'limit', 'window', 'per'],
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
  for (const name of [...names].reverse()) if (Object.hasOwn(KEYS, name)) return name
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
function meant(issue: Issue, data: unknown): readonly Issue[] {
  if (issue.code !== 'invalid_union') return [issue]
  const here = valueAt(data, issue.path)
  const isWrongKind = (one: Issue): boolean =>
    one.path.length === 0 &&
    (one.code === 'invalid_type' ||
      ((one.code === 'invalid_value' || one.code === 'invalid_union') && typeof here === 'object'))
  const branches = issue.errors.filter((branch) => !branch.some(isWrongKind))
  const branch = branches.find((one) => one.length > 0)
  if (branches.length !== 1 || branch === undefined) return [issue]
  const inner = branch.map((one) => ({ ...one, path: [...issue.path, ...one.path] }) as Issue)
  return inner.flatMap((one) => meant(one, data))
}

function show(value: unknown): string {
  if (value === undefined || value === null) return 'nothing'
  const written = JSON.stringify(value)
  return written.length > 60 ? `${written.slice(0, 57)}...` : written
}

function reportUnknown(issue: Extract<Issue, { code: 'unrecognized_keys' }>, source: Source, problems: Problems): void {
  for (const name of issue.keys) {
    const hint = didYouMean(name, KEYS[holder(issue.path)] ?? [])
    problems.error(source.atKey([...issue.path, name]), 'PST210', `unknown key "${name}"`, hint)
  }
}

function lowerCase(written: string): string | null {
  return written === written.toLowerCase() ? null : `write "${written.toLowerCase()}"`
}

/** What was expected, in the words of the language instead of the checker's. */
function expectation(issue: Issue): string {
  if (issue.code === 'invalid_type' && issue.expected === 'object') return 'expected a map of keys'
  if (issue.code === 'too_small' && issue.origin === 'number')
    return `expected at least ${Number(issue.minimum) + (issue.inclusive === true ? 0 : 1)}`
  return issue.message
}

/** A text where something else is wanted that it says all but plainly. */
function inOtherWords(message: string, text: string): string | null {
  if (message === 'expected true or false') {
    if (/^(?:true|false)$/i.test(text)) return `write ${text.toLowerCase()} without quotes`
    if (/^(?:yes|on)$/i.test(text)) return 'write true'
    return /^(?:no|off)$/i.test(text) ? 'write false' : null
  }
  if (message === 'expected a whole number') return /^-?\d+$/.test(text) ? `write ${text} without quotes` : null
  if (message === 'not a method' && /^(?:any|all|\*)$/i.test(text)) return 'leave the key out: then it is for all'
  const parts = text.split(/[\s,]+/).filter((part) => part !== '')
  if (message.startsWith('expected a list')) return `write ${JSON.stringify(parts)}`
  return message === 'not a method' && parts.length > 1 ? `write [${parts.join(', ')}]` : null
}

/** A test says what is decided, not what a service or a browser makes of it. */
function decidedAs(status: number): string | null {
  if (status >= 200 && status < 300) return 'write allow: what the service answers is not judged'
  return status === 302 || status === 303 ? 'write 401: a page visit gets that as a redirect' : null
}

function hintFor(issue: Issue, name: string, value: unknown): string | null {
  if (name === 'permission' && Array.isArray(value)) return 'several go into anyPermission: or allPermissions:'
  if (issue.message.startsWith('expected allow') && typeof value === 'number') return decidedAs(value)
  if (typeof value !== 'string') return null
  const otherwise = inOtherWords(issue.message, value)
  if (otherwise !== null) return otherwise
  const words = Object.hasOwn(WORDS, name) ? (WORDS[name] ?? []) : []
  const near = words.length > 0 ? didYouMean(value, words) : null
  return near ?? (issue.message.includes('lower case') ? lowerCase(value) : null)
}

function report(issue: Issue, source: Source, problems: Problems): void {
  const { path } = issue
  const value = valueAt(source.data, path)
  const name = String([...path].reverse().find((step) => typeof step === 'string') ?? 'the file')
  if (issue.code === 'unrecognized_keys') reportUnknown(issue, source, problems)
  else if (issue.code === 'invalid_key') {
    const message = `"${name}": ${issue.issues[0]?.message ?? issue.message}`
    problems.error(source.atKey(path), 'PST211', message, lowerCase(name))
  } else if (issue.code === 'too_small' && Array.isArray(value)) {
    problems.error(source.atKey(path), 'PST212', `"${name}" is an empty list`, 'name at least one, or remove the key')
  } else if (value === undefined && path.length > 0) {
    problems.error(source.at(path.slice(0, -1)), 'PST214', `"${name}" is missing`, issue.message)
  } else {
    const message = `"${name}": ${expectation(issue)}, found ${show(value)}`
    problems.error(source.at(path), 'PST211', message, hintFor(issue, name, value))
  }
}

/** The file as data of the right form, every deviation reported; null when nothing of it can be used. */
export function readForm(source: Source, problems: Problems): Form | null {
  const read = policyFile.safeParse(source.data)
  if (read.success) return { data: read.data, names: 'whole' }
  for (const issue of read.error.issues) for (const one of meant(issue, source.data)) report(one, source, problems)
  return salvage(source.data, read.error.issues)
}
