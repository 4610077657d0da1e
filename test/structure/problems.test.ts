import { describe, expect, test } from 'vitest'
import { FAULTS } from '../../src/core/fault.ts'
import { ROOT, readTree } from './support/tree.ts'

const files = readTree(ROOT, ['src', 'docs', 'README.md'])
const textOf = (path: string) => files.get(path) ?? ''
const page = textOf('docs/problems.md')

/** Rows of the page that tell a problem: number, code, status, meaning, what to do. */
const rows = [...page.matchAll(/^\| (PST\d{3}) \| `(\w+)` \| (\d{3}) \| (.+) \| (.+) \|$/gm)].map(
  ([, number = '', code = '', status = '', meaning = '', doing = '']) => ({
    number,
    code,
    status: Number(status),
    meaning,
    doing,
  }),
)

/** The page's part below a heading. */
function part(heading: string): string {
  return page.split(/^## /m).find((text) => text.startsWith(heading)) ?? ''
}

describe('docs/problems.md', () => {
  test('has every row of the table of faults, with its code and status, and no other', () => {
    const told = rows.map(({ number, code, status }) => `${number} ${code} ${status}`)
    const known = Object.values(FAULTS).map(({ number, code, status }) => `${number} ${code} ${status}`)
    expect(told).toEqual(known.toSorted())
  })

  test('says of each what it means and who does what', () => {
    const mute = rows.filter(
      ({ meaning, doing }) => meaning.length < 9 || !/client|player|rules|ops|game|nobody/.test(doing),
    )
    expect(mute).toEqual([])
  })

  test('tells every close code of ours, in a row of its own, and no other', () => {
    const [, union = ''] = /readonly code: ([\d |]+)/.exec(textOf('src/pipeline/lease.ts')) ?? []
    // The library and the pump say 1009 and 1011 themselves; 4010 is the preset's code in the place of 1012.
    const known = [...union.split(' | '), '1009', '1011', '4010'].toSorted()
    const told = [...part('Close codes').matchAll(/^\| (\d{4}) \|/gm)].map(([, code]) => code)
    expect(union).toContain('4401')
    expect(told).toEqual(known)
  })

  test('and sockets.md tell the same reasons of each close code', () => {
    const reasons = (text: string) =>
      new Map([...text.matchAll(/^\| (\d{4}) \| ([^|]*) \|/gm)].map(([, code, said]) => [code, said?.trim()]))
    const there = reasons(textOf('docs/sockets.md'))
    const here = [...reasons(part('Close codes'))].filter(([code]) => code !== '4010')
    expect(new Map(here)).toEqual(there)
  })

  test('and policies.md have every number that the sources can print', () => {
    const printed = [...files]
      .filter(([path]) => path.startsWith('src/'))
      .flatMap(([, text]) => [...text.matchAll(/\bPST\d{3}\b/g)].map(([number]) => number))
    const told = `${page}${textOf('docs/policies.md')}`
    expect(printed.length).toBeGreaterThan(80)
    expect([...new Set(printed)].filter((number) => !told.includes(number)).toSorted()).toEqual([])
  })

  test('tells every status that nginx may find in Postern-Status', () => {
    const statuses = new Set(part('`Postern-Status`').match(/\b[345]\d\d\b(?=[^|]*\|[^|]*\|$)/gm))
    expect([...statuses].toSorted()).toEqual(
      ['302', '400', '401', '403', '404', '405', '409', '410', '421', '425', '429', '431', '500', '503'].toSorted(),
    )
  })

  test('is linked from the README and the page of operations', () => {
    expect(textOf('README.md')).toContain('(docs/problems.md)')
    expect(textOf('docs/operations.md')).toContain('(problems.md')
  })
})
