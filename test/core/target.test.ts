import { describe, expect, test } from 'vitest'
import { canonicalTarget, type Target } from '../../src/core/target.ts'
import { corpus, noise, noiseText, unquoted } from '../support/corpus.ts'

function targetOf(raw: string): Target {
  const result = canonicalTarget(raw)
  if (!result.ok) throw new Error(`${JSON.stringify(raw)}: ${result.fault.problem}`)
  return result.value
}

function problemOf(raw: string): string {
  const result = canonicalTarget(raw)
  return result.ok ? 'ok' : result.fault.problem
}

const rows = corpus('targets.txt').map(([outcome = '', raw, path, forms]) => ({
  outcome,
  raw: unquoted(raw),
  path: path === undefined ? unquoted(raw) : unquoted(path),
  forms: forms === undefined ? [] : forms.split(' '),
}))

describe('targets corpus', () => {
  test.each(rows)('canonicalTarget() answers $outcome to $raw', ({ outcome, raw, path, forms }) => {
    const result = canonicalTarget(raw)
    expect(result.ok ? 'ok' : result.fault.problem).toBe(outcome)
    if (result.ok) expect({ path: result.value.path, forms: result.value.forms }).toEqual({ path, forms })
  })

  test('it holds at least 150 targets', () => {
    expect(rows.length).toBeGreaterThanOrEqual(150)
  })
})

/** What must hold of every target that has a canonical form. */
function lawsBroken(raw: string): readonly string[] {
  const first = canonicalTarget(raw)
  if (!first.ok) return []
  const { path, query, segments, forms } = first.value
  const again = canonicalTarget(`${path}${query}`)
  const laws: readonly (readonly [string, boolean])[] = [
    ['idempotent', again.ok && again.value.path === path && again.value.query === query],
    ['forms are found again', again.ok && again.value.forms.join() === forms.join()],
    ['begins with exactly one slash', path.startsWith('/') && !path.startsWith('//')],
    ['segments spell the path', `/${segments.join('/')}` === path],
    ['the query is untouched', raw.endsWith(query) && (query === '' || query.startsWith('?'))],
    ['visible ASCII only', /^[\x21-\x7e]+$/.test(path)],
    ['a URL parser changes nothing', new URL(`http://a.example${path}`).pathname === path],
    ['decodes to the same text', decodeURIComponent(path) === decodeURIComponent(raw.split('?', 1)[0] ?? '')],
    ['no dot segment after decoding', !/(^|[/\\;])\.{1,2}([/\\;]|$)/.test(decodeURIComponent(path))],
    ['no control byte after decoding', !/[\x00-\x08\x0a-\x1f\x7f\\]/.test(decodeURIComponent(path))],
    ['no escape hidden below an escape', !/%[0-9A-Fa-f]{2}/.test(decodeURIComponent(path))],
  ]
  return laws.filter(([, holds]) => !holds).map(([law]) => `${law}: ${JSON.stringify(raw)}`)
}

describe('laws', () => {
  test('canonicalTarget() keeps every law for every target of the corpus', () => {
    expect(rows.flatMap(({ raw }) => lawsBroken(raw))).toEqual([])
  })

  test('canonicalTarget() keeps every law for random bytes', () => {
    const bytes = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte))
    const source = noise(0x9e3779b9)
    const targets = Array.from({ length: 20_000 }, (_, i) => `/${noiseText(source, bytes, 1 + (i % 12))}`)
    expect(targets.flatMap(lawsBroken)).toEqual([])
  })

  test('canonicalTarget() keeps every law for random escapes and separators', () => {
    const pieces = [
      '%',
      '2',
      '5',
      'e',
      'F',
      '.',
      '/',
      ';',
      '3',
      'b',
      'C',
      '0',
      'a',
      '?',
      '%2e',
      '%25',
      '%2F',
      '%3b',
      '%c3%a4',
    ]
    const source = noise(0x51f15e)
    const targets = Array.from({ length: 40_000 }, (_, i) => `/${noiseText(source, pieces, 1 + (i % 14))}`)
    expect(targets.flatMap(lawsBroken)).toEqual([])
  })

  test('canonicalTarget() accepts some of the random targets, so that the laws are tried', () => {
    const source = noise(0x51f15e)
    const targets = Array.from({ length: 2000 }, () => `/${noiseText(source, ['a', '%', '2', '5', 'e', '.', '/'], 6)}`)
    expect(targets.filter((raw) => problemOf(raw) === 'ok').length).toBeGreaterThan(50)
  })
})

describe('canonicalTarget()', () => {
  test('takes a target of 16,384 characters', () => {
    expect(problemOf(`/${'a'.repeat(16_383)}`)).toBe('ok')
  })

  test('refuses a target of 16,385 characters', () => {
    expect(problemOf(`/${'a'.repeat(16_384)}`)).toBe('too-long')
  })

  test('answers to the longest hostile target in time that grows with its length only', () => {
    const began = performance.now()
    expect(problemOf(`/${'%2e'.repeat(5460)}`)).toBe('ok')
    expect(problemOf(`/${'%25'.repeat(5461)}`)).toBe('ok')
    expect(problemOf(`/${';'.repeat(16_383)}`)).toBe('ok')
    expect(performance.now() - began).toBeLessThan(2000)
  })

  test('makes one empty segment of the root', () => {
    expect(targetOf('/').segments).toEqual([''])
  })

  test('makes a last empty segment of a trailing slash', () => {
    expect(targetOf('/players/').segments).toEqual(['players', ''])
  })

  test('keeps an encoded slash inside its segment', () => {
    expect(targetOf('/files/a%2fb/c').segments).toEqual(['files', 'a%2Fb', 'c'])
  })

  test('keeps a bare question mark, so that the upstream receives what was sent', () => {
    expect(targetOf('/a?').query).toBe('?')
  })

  test('keeps the spelling of the query', () => {
    expect(targetOf('/%61?%61=%2e%2E&b=+').query).toBe('?%61=%2e%2E&b=+')
  })

  // DECISIONS 39, first trap: CVE-2026-style double decoding found in several gateways.
  test('refuses a second layer that only decoding uncovers', () => {
    expect(problemOf('/%25%34%31')).toBe('double-encoding')
  })

  // DECISIONS 39, second trap.
  test('marks %3B as the semicolon it is', () => {
    expect(targetOf('/a%3bb').forms).toEqual([';'])
  })
})
