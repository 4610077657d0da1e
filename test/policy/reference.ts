import type { PolicyBundle, Rule } from '../../src/policy/model.ts'

/** Small deterministic randomness: the same seed gives the same policies and requests. */
export function dice(seed: number): (below: number) => number {
  let state = seed >>> 0
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

/** What the naive matcher found. */
export type Found = { readonly id: string; readonly missing: boolean } | 'method' | 'none'

interface Fit {
  readonly rule: Rule
  /** One digit a segment: 0 literal, 1 parameter, 3 wildcard, 4 parameter that is missing; smaller text is better. */
  readonly rank: string
  /** Every fixed word stands as the path has it: of two rules in one place this one is meant. */
  readonly exact: boolean
  readonly missing: boolean
}

function fitting(rule: Rule, path: string): Fit | null {
  const fold = (text: string): string => (rule.foldCase === true ? text.toUpperCase().toLowerCase() : text)
  const slash = path.endsWith('/')
  const parts = path.split('/').flatMap((part) => (part === '' ? [] : decodeURIComponent(part)))
  let rank = ''
  let exact = true
  for (const [index, segment] of rule.segments.entries()) {
    const part = parts[index]
    if (segment.kind === 'rest') return { rule, rank: `${rank}3`, exact, missing: false }
    if (segment.kind === 'param') {
      if (part === undefined) {
        const last = index === rule.segments.length - 1
        const beforeRest = index === rule.segments.length - 2 && rule.segments.at(-1)?.kind === 'rest'
        if (!slash || index !== parts.length || !(last || beforeRest)) return null
        return { rule, rank: `${rank}4${last ? '0' : '3'}`, exact, missing: true }
      }
      rank += '1'
    } else {
      const word = decodeURIComponent(segment.text)
      if (part === undefined || fold(word) !== fold(part)) return null
      if (word !== part) exact = false
      rank += '0'
    }
  }
  return parts.length === rule.segments.length ? { rule, rank: `${rank}-`, exact, missing: false } : null
}

function better(a: Fit, b: Fit): number {
  if (a.rank !== b.rank) return a.rank < b.rank ? -1 : 1
  return Number(b.exact) - Number(a.exact)
}

/** The matcher as a list and a sort: every rule that fits, best path first, then the method. */
export function naiveMatch(bundle: PolicyBundle, host: string, method: string, path: string): Found {
  const fits = bundle.rules.flatMap((rule) => fitting(rule, path) ?? [])
  const own = fits.filter(({ rule }) => rule.hosts.includes(host))
  const all = own.length > 0 ? own : fits.filter(({ rule }) => rule.hosts.length === 0)
  const inOrder = [...all].sort(better)
  const [best] = inOrder
  if (best === undefined) return 'none'
  const same = inOrder.filter((one) => one.rank === best.rank)
  const named = same.find(({ rule }) => rule.methods.includes(method))
  const head = method === 'HEAD' ? same.find(({ rule }) => rule.methods.includes('GET')) : undefined
  const chosen = named ?? head ?? same.find(({ rule }) => rule.methods.length === 0)
  return chosen === undefined ? 'method' : { id: chosen.rule.id, missing: chosen.missing }
}
