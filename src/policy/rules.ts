import { isBelow } from '../core/target.ts'
import type { Part, Vocabulary } from './known.ts'
import type { RuleData } from './language.ts'
import type { BodySplit, Demands, OnSuccess, ParamRule, Source as Place, Quota, Rule, Segment } from './model.ts'
import { parsePath } from './paths.ts'
import type { Problems } from './problem.ts'
import { checkRates, rateLimitOf } from './rates.ts'
import { checkRule } from './rule-checks.ts'
import { compileDemands, compileRuleDemands } from './rule-demands.ts'
import { compileParams, type RuleSite } from './rule-params.ts'
import { didYouMean } from './suggest.ts'
import { reportTwice } from './twice.ts'
import { asList, bytesOf, durationOf } from './units.ts'

type Path = readonly PropertyKey[]

function hostsOf(site: RuleSite, part: Part): readonly string[] {
  const written = site.data.host
  if (written === undefined) return [...new Set(asList(part.data.host))].sort()
  checkHosts(part, ['rules', site.index, 'host'], written, site.words, site.problems)
  return [...new Set(asList(written))].sort()
}

function checkHosts(part: Part, path: Path, written: string | string[], words: Vocabulary, problems: Problems): void {
  for (const [index, host] of asList(written).entries()) {
    if (words.hosts.includes(host)) continue
    const at = part.source.at(typeof written === 'string' ? path : [...path, index])
    problems.error(at, 'PST208', `unknown host "${host}"`, didYouMean(host, words.hosts))
  }
}

function checkUpstream(part: Part, path: Path, name: string, words: Vocabulary, problems: Problems): void {
  const names = words.upstreams.map((upstream) => upstream.name)
  if (names.includes(name)) return
  problems.error(part.source.at(path), 'PST206', `unknown upstream "${name}"`, didYouMean(name, names))
}

/** What a file says for all of its rules at once. */
function checkDefaults(part: Part, words: Vocabulary, problems: Problems): void {
  const { upstream, host } = part.data
  if (upstream !== undefined) checkUpstream(part, ['upstream'], upstream, words, problems)
  if (host !== undefined) checkHosts(part, ['host'], host, words, problems)
  reportTwice(part.source, ['host'], 'host', asList(host), problems)
}

function upstreamOf(site: RuleSite, part: Part): string {
  const { data, index, words, problems } = site
  if (data.upstream !== undefined) checkUpstream(part, ['rules', index, 'upstream'], data.upstream, words, problems)
  const name = data.upstream ?? part.data.upstream
  if (name === undefined && data.access !== 'deny') {
    const hint = 'name one in the rule, or once for the whole file'
    problems.error(part.source.at(['rules', index]), 'PST214', `no "upstream" for "${data.path}"`, hint)
  }
  return name ?? ''
}

function foldsCase({ access }: RuleData, upstream: string, words: Vocabulary): boolean {
  const folding = words.upstreams.filter((one) => one.caseInsensitive === true)
  // ATTACK: a deny rule goes nowhere; in other letters its paths fall to a wider rule, whose upstream may serve them.
  return access === 'deny' ? folding.length > 0 : folding.some((one) => one.name === upstream)
}

function idOf(data: RuleData, hosts: readonly string[], methods: readonly string[]): string {
  if (data.id !== undefined) return data.id
  const shadow = data.mode === 'shadow' ? 'shadow ' : ''
  return `${shadow}${methods.length === 0 ? '*' : methods.join(',')} ${hosts.join(',')}${data.path}`
}

function quotaOf(data: RuleData['quota']): Quota | null {
  if (data === undefined) return null
  const limits = Object.entries(data.limits ?? {}).map(([role, limit]) => [role, limit === 'unlimited' ? null : limit])
  return { name: data.name, effect: data.effect ?? 'raise', limits: Object.fromEntries(limits) }
}

function placeOf(written: string): Place {
  const dot = written.indexOf('.')
  return { from: written.slice(0, dot) as Place['from'], name: written.slice(dot + 1) }
}

function onSuccessOf(data: RuleData['onSuccess']): OnSuccess | null {
  if (data === undefined) return null
  if (data.select !== undefined) {
    const { id, world, name } = data.select
    const characterName = name === undefined ? null : placeOf(name)
    return { kind: 'select', id: placeOf(id), world: placeOf(world), characterName }
  }
  if (data.deselect !== undefined) return { kind: 'deselect' }
  if (data.signOut !== undefined) return { kind: 'sign-out' }
  return data.setAttribute === undefined ? null : { kind: 'set-attribute', ...data.setAttribute }
}

function conduct(
  site: RuleSite,
  part: Part,
): Pick<Rule, 'rateLimit' | 'maxBody' | 'timeoutSeconds' | 'csrf' | 'origins' | 'websocket' | 'redact' | 'activity'> {
  const { data } = site
  const { websocket } = data
  return {
    rateLimit: rateLimitOf(site, part),
    maxBody: data.maxBody === undefined ? null : bytesOf(data.maxBody),
    timeoutSeconds: data.timeout === undefined ? null : durationOf(data.timeout),
    csrf: data.csrf ?? 'auto',
    origins: data.origins ?? [],
    websocket: {
      lease: websocket?.lease ?? 'on',
      unauthenticated: websocket?.unauthenticated ?? 'refuse',
      maxAgeSeconds: websocket?.maxAge === undefined ? null : durationOf(websocket.maxAge),
    },
    redact: data.redact ?? [],
    activity: data.activity ?? true,
  }
}

function segmentsOf(site: RuleSite): readonly Segment[] | null {
  const { data, index, source, words, problems } = site
  const at = source.at(['rules', index, 'path'])
  if (isBelow(data.path, words.prefix)) {
    const message = `path "${data.path}" lies below Postern's own "${words.prefix}"`
    problems.error(at, 'PST226', message, 'choose another path')
  }
  return parsePath(data.path, at, problems)
}

function bodyOf(site: RuleSite, params: readonly ParamRule[]): BodySplit | null {
  const { body } = site.data
  if (body === undefined) return null
  const cases = Object.entries(body.cases).map(([value, demands]): [string, Demands] => {
    return [value, compileDemands(site, demands, ['rules', site.index, 'body', 'cases', value], params)]
  })
  return { field: body.field, cases: Object.fromEntries(cases) }
}

function compileRule(site: RuleSite, part: Part): Rule | null {
  const { data, index, source, words } = site
  const segments = segmentsOf(site)
  const methods = [...new Set(asList(data.methods))].sort()
  const hosts = hostsOf(site, part)
  const params = compileParams(site, segments ?? [])
  const upstream = upstreamOf(site, part)
  const rule: Rule = {
    id: idOf(data, hosts, methods),
    at: source.at(['rules', index]),
    mode: data.mode ?? 'enforce',
    upstream,
    hosts,
    path: data.path,
    segments: segments ?? [],
    methods,
    access: data.access ?? 'session',
    denyStatus: data.denyStatus ?? 403,
    ...(data.denyText === undefined || data.denyText === null ? {} : { denyText: data.denyText }),
    demands: compileRuleDemands(site, params),
    params,
    allowForms: data.allowForms ?? [],
    body: bodyOf(site, params),
    quota: quotaOf(data.quota),
    ...conduct(site, part),
    onSuccess: onSuccessOf(data.onSuccess),
    onboarding: data.onboarding ?? null,
    ...(foldsCase(data, upstream, words) ? { foldCase: true } : {}),
  }
  checkRule(site, rule)
  return segments === null ? null : rule
}

/** ATTACK: rules that were lost in an edit refuse everybody, and nothing else says that there were some. */
function warnOfNothing({ source }: Part, problems: Problems): void {
  // WHY: as it was written: a list that could not be read is empty in what is left of the file, and told already.
  const rules = (source.data as { readonly rules?: unknown } | null)?.rules
  if (!Array.isArray(rules) || rules.length > 0) return
  const hint = 'write a rule, or remove the key'
  problems.warn(source.atKey(['rules']), 'PST264', '"rules" is an empty list: this file lets nobody through', hint)
}

/** Compiles every rule of every file; what is wrong is reported and left out. */
export function compileRules(parts: readonly Part[], words: Vocabulary, problems: Problems): readonly Rule[] {
  const rules = parts.flatMap((part) => {
    checkDefaults(part, words, problems)
    warnOfNothing(part, problems)
    return (part.data.rules ?? []).flatMap((data, index) => {
      const rule = data === null ? null : compileRule({ source: part.source, index, data, words, problems }, part)
      return rule === null ? [] : [rule]
    })
  })
  checkRates(rules, problems)
  return rules
}
