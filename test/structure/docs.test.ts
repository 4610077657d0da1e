import { describe, expect, test } from 'vitest'
import { RANKS } from './support/house.ts'
import { ROOT, readTree } from './support/tree.ts'

const files = readTree(ROOT, [
  'src',
  'docs',
  'README.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'CHANGELOG.md',
  'test',
  'policies',
  'deploy',
])
const pages = [...files].filter(([path]) => path.endsWith('.md') && !path.startsWith('test/'))

function textOf(path: string): string {
  return files.get(path) ?? ''
}

function exists(path: string): boolean {
  const bare = path.replace(/\/$/, '')
  return [...files.keys()].some((file) => file === bare || file.startsWith(`${bare}/`))
}

describe('the pages', () => {
  test('architecture.md names only files and folders that exist', () => {
    const named = [...textOf('docs/architecture.md').matchAll(/`((?:src|test)\/[^`*]*)`/g)].map(([, path = '']) => path)
    expect(named.length).toBeGreaterThan(30)
    expect(named.filter((path) => !exists(path))).toEqual([])
  })

  test('architecture.md names every room with its rank', () => {
    const rows = textOf('docs/architecture.md').split('\n')
    const missing = Object.entries(RANKS).filter(
      ([room, rank]) => !rows.some((row) => row.startsWith(`| ${rank} |`) && row.includes(`\`src/${room}\``)),
    )
    expect(missing).toEqual([])
  })

  test('configuration.md names every setting an author can write', () => {
    const settings = [...textOf('src/config/define.ts').matchAll(/readonly (\w+)\??:/g)].map(([, name = '']) => name)
    const told = new Set([...textOf('docs/configuration.md').matchAll(/\b\w+\b/g)].map(([word]) => word))
    expect(settings.length).toBeGreaterThan(50)
    expect(settings.filter((name) => !told.has(name))).toEqual([])
  })

  test('every link from a page to a file of this repository leads somewhere', () => {
    const lost = pages.flatMap(([page, text]) =>
      [...text.matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)]
        .map(([, link = '']) => new URL(link, `file:///${page}`).pathname.slice(1))
        .filter((path) => !exists(decodeURIComponent(path)))
        .map((path) => `${page}: ${path}`),
    )
    expect(lost).toEqual([])
  })

  test('every decision record has the five parts and one page at most', () => {
    const records = pages.filter(([path]) => path.startsWith('docs/adr/'))
    const parts = ['Question', 'Decision', 'Why', 'What we gave up', 'How we would know we were wrong']
    const odd = records.filter(([, text]) => {
      const headings = [...text.matchAll(/^## (.*)$/gm)].map(([, heading]) => heading)
      return headings.join() !== parts.join() || text.split('\n').length > 60
    })
    expect(records.length).toBeGreaterThan(20)
    expect(odd.map(([path]) => path)).toEqual([])
  })

  test('decision records are numbered without a gap', () => {
    const numbers = pages
      .flatMap(([path]) => /^docs\/adr\/(\d{4})-/.exec(path)?.[1] ?? [])
      .map(Number)
      .toSorted((a, b) => a - b)
    expect(numbers).toEqual(numbers.map((_, index) => index + 1))
  })
})
