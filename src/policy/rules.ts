import type { Part, Vocabulary } from './known.ts'
import type { RuleData } from './language.ts'
import type { OnSuccess, Source as Place, Quota, Rule } from './model.ts'
import { isBelow, parsePath } from './paths.ts'
import type { Problems } from './problem.ts'
import { checkRule } from './rule-checks.ts'
import { compileDemands, compileRuleDemands } from './rule-demands.ts'
import { compileParams, type RuleSite } from './rule-params.ts'
import { didYouMean } from './suggest.ts'
import { asList, bytesOf, durationOf } from './units.ts'

function hostsOf(site: RuleSite, part: Part): readonly string[] {
  const own = site.data.host !== undefined
  const written = own ? site.data.host : part.data.host
  const hosts = asList(written)
  for (const [index, host] of hosts.entries()) {
    if (site.words.hosts.includes(host)) continue
    const base = own ? ['rules', site.index, 'host'] : ['host']
    const at = site.source.at(typeof written === 'string' ? base : [...base, index])
    site.problems.error(at, 'PST208', `unknown host "${host}"`, didYouMean(host, site.words.hosts))
  }
  return [...new Set(hosts)].sort()
}

function upstreamOf(site: RuleSite, part: Part): string {
  const name = site.data.upstream ?? part.data.upstream
  if (name === undefined) {
    if (site.data.access === 'deny') return ''
    const hint = 'name one in the rule, or once for the whole file'
    site.problems.error(site.source.at(['rules', site.index]), 'PST214', `no "upstream" for "${site.data.path}"`, hint)
    return ''
  }
  const names = site.words.upstreams.map((upstream) => upstream.name)
  if (!names.includes(name)) {
    const at = site.source.at(site.data.upstream === undefined ? ['upstream'] : ['rules', site.index, 'upstream'])
    site.problems.error(at, 'PST206', `unknown upstream "${name}"`, didYouMean(name, names))
  }
  return name
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
  data: RuleData,
): Pick<Rule, 'rateLimit' | 'maxBody' | 'timeoutSeconds' | 'csrf' | 'origins' | 'websocket' | 'redact' | 'activity'> {
  const { rateLimit, websocket } = data
  return {
    rateLimit:
      rateLimit === undefined
        ? null
        : { limit: rateLimit.limit, windowSeconds: durationOf(rateLimit.window), per: rateLimit.per ?? 'session' },
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

function compileRule(site: RuleSite, part: Part): Rule | null {
  const { data, index, source, words, problems } = site
  const at = source.at(['rules', index, 'path'])
  const segments = parsePath(data.path, at, problems)
  if (isBelow(data.path, words.prefix)) {
    problems.error(
      at,
      'PST226',
      `path "${data.path}" lies below Postern's own "${words.prefix}"`,
      'choose another path',
    )
  }
  const methods = [...new Set(asList(data.methods))].sort()
  const hosts = hostsOf(site, part)
  const params = compileParams(site, segments ?? [])
  const upstream = upstreamOf(site, part)
  const cases = Object.entries(data.body?.cases ?? {}).map(([value, demands]) => {
    return [value, compileDemands(site, demands, ['rules', index, 'body', 'cases', value], params)]
  })
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
    demands: compileRuleDemands(site, params),
    params,
    allowForms: data.allowForms ?? [],
    body: data.body === undefined ? null : { field: data.body.field, cases: Object.fromEntries(cases) },
    quota: quotaOf(data.quota),
    ...conduct(data),
    onSuccess: onSuccessOf(data.onSuccess),
    onboarding: data.onboarding ?? null,
    ...(words.upstreams.some((one) => one.name === upstream && one.caseInsensitive === true) ? { foldCase: true } : {}),
  }
  checkRule(site, rule)
  return segments === null ? null : rule
}

/** Compiles every rule of every file; what is wrong is reported and left out. */
export function compileRules(parts: readonly Part[], words: Vocabulary, problems: Problems): readonly Rule[] {
  return parts.flatMap((part) =>
    (part.data.rules ?? []).flatMap((data, index) => {
      const rule = compileRule({ source: part.source, index, data, words, problems }, part)
      return rule === null ? [] : [rule]
    }),
  )
}
