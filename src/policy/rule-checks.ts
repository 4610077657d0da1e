import { unanswerable } from './forward-auth.ts'
import type { Rule } from './model.ts'
import type { RuleSite } from './rule-params.ts'
import { didYouMean, nearest } from './suggest.ts'
import { reportTwice } from './twice.ts'
import { asList } from './units.ts'
import { foldedWord, wordOf } from './word.ts'

const ORIGIN = /^https?:\/\/[a-z0-9.-]+(?::[0-9]+)?$/

type Check = (site: RuleSite, rule: Rule) => void

function at(site: RuleSite, ...path: PropertyKey[]): ReturnType<RuleSite['source']['at']> {
  return site.source.at(['rules', site.index, ...path])
}

function atKey(site: RuleSite, ...path: PropertyKey[]): ReturnType<RuleSite['source']['at']> {
  return site.source.atKey(['rules', site.index, ...path])
}

const DEMANDS = [
  ...([
    'permission',
    'anyPermission',
    'allPermissions',
    'role',
    'minLevel',
    'character',
    'when',
    'freshWithin',
  ] as const),
  ...(['guest', 'tokens', 'body', 'onboarding', 'quota'] as const),
]

/** A demand where nobody is asked who they are would look like a guard and be none. */
const checkDemands: Check = (site, { access, params }) => {
  if (access !== 'public' && access !== 'deny') return
  const own = params.filter((param) => param.equals !== null).map(({ name }) => ['params', name, 'equals'])
  for (const path of [...DEMANDS.filter((key) => site.data[key] !== undefined).map((key) => [key]), ...own]) {
    const hint = access === 'public' ? 'access: session, or remove the key' : 'remove the key'
    site.problems.error(atKey(site, ...path), 'PST227', `"${path.at(-1)}" means nothing with access: ${access}`, hint)
  }
}

const checkAccess: Check = (site, rule) => {
  const { data, problems } = site
  if (data.denyStatus !== undefined && rule.access !== 'deny') {
    problems.error(atKey(site, 'denyStatus'), 'PST227', '"denyStatus" needs access: deny', 'remove the key')
  }
  const isGone = rule.access === 'deny' && rule.denyStatus === 410
  if (isGone && data.denyText === undefined) {
    const hint = 'say where to go or what to do instead'
    problems.error(atKey(site, 'denyStatus'), 'PST227', '"denyStatus: 410" needs denyText', hint)
  }
  if (!isGone && data.denyText !== undefined)
    problems.error(atKey(site, 'denyText'), 'PST227', '"denyText" needs denyStatus: 410', 'remove the key')
  const first = rule.segments[0]
  if (rule.access === 'public' && first !== undefined && first.kind !== 'literal') {
    const hint = 'begin the path with a fixed segment, or list what is public'
    problems.warn(at(site, 'path'), 'PST261', `public rule "${rule.path}" has no fixed first segment`, hint)
  }
}

const checkTokens: Check = (site, rule) => {
  if (rule.demands.tokens === 'refuse') return
  if (rule.demands.character) {
    site.problems.error(
      atKey(site, 'tokens'),
      'PST227',
      'API tokens never have a character selected',
      'remove tokens: or character:',
    )
  }
  if (rule.demands.freshWithin !== null) {
    site.problems.error(
      atKey(site, 'tokens'),
      'PST227',
      'API tokens are never freshly signed in',
      'remove tokens: or freshWithin:',
    )
  }
}

type Attribute = RuleSite['words']['attributes'][string]

function attributeOf({ words }: RuleSite, name: string): Attribute | null {
  return (Object.hasOwn(words.attributes, name) ? words.attributes[name] : null) ?? null
}

const checkNames: Check = (site, rule) => {
  const { data, words, problems } = site
  for (const role of Object.keys(data.quota?.limits ?? {})) {
    if (words.roles.has(role)) continue
    problems.error(
      atKey(site, 'quota', 'limits', role),
      'PST205',
      `unknown role "${role}"`,
      didYouMean(role, words.roles),
    )
  }
  if (data.quota !== undefined && (data.quota.effect ?? 'raise') === 'raise' && data.quota.limits === undefined) {
    problems.error(at(site, 'quota'), 'PST214', '"limits" is missing', 'a number per role, or unlimited')
  }
  const flag = data.onboarding?.attribute
  if (flag !== undefined && attributeOf(site, flag)?.type !== 'boolean') {
    const booleans = Object.entries(words.attributes).flatMap(([name, { type }]) => (type === 'boolean' ? [name] : []))
    problems.error(
      at(site, 'onboarding', 'attribute'),
      'PST209',
      `unknown true-or-false attribute "${flag}"`,
      didYouMean(flag, booleans),
    )
  }
  const path = new Set(rule.params.map((param) => param.name))
  for (const place of Object.values(data.onSuccess?.select ?? {})) {
    const name = place?.startsWith('path.') ? place.slice(5) : null
    if (name === null || path.has(name)) continue
    problems.error(
      at(site, 'onSuccess', 'select'),
      'PST228',
      `the path has no parameter ":${name}"`,
      didYouMean(name, path),
    )
  }
}

/** A misspelt name here would leave a secret in the logs. */
const checkRedact: Check = (site, rule) => {
  const declared = rule.params.map((param) => param.name)
  for (const [index, name] of rule.redact.entries()) {
    const near = declared.includes(name) ? null : nearest(name, declared)
    if (near === null) continue
    site.problems.error(at(site, 'redact', index), 'PST228', `no parameter "${name}"`, `did you mean "${near}"?`)
  }
}

const checkOnSuccess: Check = (site) => {
  const written = site.data.onSuccess
  if (written === undefined) return
  const keys = Object.keys(written)
  if (keys.length !== 1) {
    site.problems.error(
      at(site, 'onSuccess'),
      'PST227',
      'onSuccess does exactly one thing',
      'select, deselect, signOut or setAttribute',
    )
  }
  const set = written.setAttribute
  if (set === undefined) return
  const declared = attributeOf(site, set.name)
  if (declared === null) {
    const hint = didYouMean(set.name, Object.keys(site.words.attributes))
    site.problems.error(
      at(site, 'onSuccess', 'setAttribute', 'name'),
      'PST209',
      `unknown attribute "${set.name}"`,
      hint,
    )
  } else if (typeof set.value !== declared.type) {
    const place = at(site, 'onSuccess', 'setAttribute', 'value')
    site.problems.error(place, 'PST211', `attribute "${set.name}" is a ${declared.type}, not a ${typeof set.value}`)
  } else if (typeof set.value === 'string' && set.value.length > (declared.maxLength ?? Infinity)) {
    const place = at(site, 'onSuccess', 'setAttribute', 'value')
    const message = `attribute "${set.name}" has at most ${declared.maxLength} characters, this has ${set.value.length}`
    site.problems.error(
      place,
      'PST211',
      message,
      'write less, or raise maxLength in hono.config.ts: it would never be set',
    )
  }
}

const LISTS = { methods: 'method', host: 'host', origins: 'origin', allowForms: 'form', redact: 'parameter' } as const

const checkLists: Check = ({ source, index, data, problems }) => {
  for (const key of Object.keys(LISTS) as (keyof typeof LISTS)[])
    reportTwice(source, ['rules', index, key], LISTS[key], asList<string>(data[key]), problems)
}

const checkOrigins: Check = (site, rule) => {
  for (const [index, origin] of rule.origins.entries()) {
    if (ORIGIN.test(origin)) continue
    const what = origin.includes('*')
      ? 'origins are called with credentials, so "*" is not allowed'
      : `"${origin}" is not an origin`
    site.problems.error(at(site, 'origins', index), 'PST250', what, 'write https://host, without a path')
  }
}

const checkBody: Check = (site, rule) => {
  if (rule.body === null) return
  if (Object.keys(rule.body.cases).length === 0) {
    site.problems.error(atKey(site, 'body', 'cases'), 'PST212', '"cases" is empty', 'name at least one value')
  }
  if (rule.methods.length === 0 || rule.methods.some((method) => method === 'GET' || method === 'HEAD')) {
    site.problems.error(
      atKey(site, 'body'),
      'PST227',
      'a rule that reads the body names methods that have one',
      'methods: POST',
    )
  }
}

/** Who tries a limit this way would read in the silence of the log that nobody runs into it. */
const warnShadow: Check = (site, rule) => {
  if (rule.mode !== 'shadow') return
  for (const key of ['quota', 'rateLimit', 'maxBody'] as const) {
    if (site.data[key] === undefined) continue
    const hint = 'it tells what its demands would have said; try limits in the rule that enforces'
    site.problems.warn(atKey(site, key), 'PST262', `"${key}" holds and tells nothing in a shadow rule`, hint)
  }
}

/** What a proxy that only asks could not do would silently not be done. */
const checkForwardAuth: Check = (site, rule) => {
  if (!site.words.upstreams.some(({ name, forwardAuth }) => name === rule.upstream && forwardAuth === true)) return
  for (const { key, remedy } of unanswerable(rule)) {
    const what = `"${key}" cannot hold for upstream "${rule.upstream}", which is served by forward-auth`
    site.problems.error(atKey(site, key), 'PST232', what, remedy)
  }
}

/** What is let through by such a rule could not be sent: every request of it would be 404. */
const warnUnsendable: Check = (site, { access, path, segments, upstream: name }) => {
  const { stripPrefix = '', caseInsensitive } = site.words.upstreams.find((one) => one.name === name) ?? {}
  const isUnusable = segments.length === 0 && path !== '/'
  if (stripPrefix === '' || access === 'deny' || isUnusable) return
  const spelt = (text: string) => (caseInsensitive === true ? foldedWord(wordOf(text)) : wordOf(text))
  const isLed = stripPrefix
    .slice(1)
    .split('/')
    .every((part, i) => {
      const segment = segments[i] ?? segments.at(-1)
      if (segment === undefined || (segments[i] === undefined && segment.kind !== 'rest')) return false
      return segment.kind !== 'literal' || spelt(segment.text) === spelt(part)
    })
  if (isLed) return
  const what = `"${path}" is never below "${stripPrefix}", which upstream "${name}" strips: every request would be 404`
  site.problems.warn(atKey(site, 'path'), 'PST263', what, `write a path below it, or name another upstream`)
}

/** Seeds A25: a role or level alone is a blunt guard where a permission of that area exists. */
const warnBlunt: Check = (site, rule) => {
  const { demands } = rule
  if (demands.roles.length === 0 && demands.minLevel === null) return
  if (demands.anyPermission.length > 0 || demands.allPermissions.length > 0) return
  const literals = rule.segments.flatMap((segment) => (segment.kind === 'literal' ? [segment.text] : []))
  const area = [...site.words.permissions].find((one) => literals.includes(one.split(/[.:]/)[0] ?? ''))
  if (area === undefined) return
  const key = site.data.role === undefined ? 'minLevel' : 'role'
  site.problems.warn(
    atKey(site, key),
    'PST260',
    `"${rule.path}" is guarded by ${key} alone`,
    `a permission such as "${area}" says more exactly what is needed`,
  )
}

const CHECKS: readonly Check[] = [
  checkDemands,
  checkAccess,
  checkTokens,
  checkNames,
  checkRedact,
  checkLists,
  checkOnSuccess,
  checkOrigins,
  checkBody,
  checkForwardAuth,
  warnBlunt,
  warnShadow,
  warnUnsendable,
]

/** Keys of one rule that contradict each other or name what does not exist. */
export function checkRule(site: RuleSite, rule: Rule): void {
  for (const check of CHECKS) check(site, rule)
}
