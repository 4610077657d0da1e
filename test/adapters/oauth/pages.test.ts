import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { PRESETS } from '../../../src/adapters/oauth/presets.ts'

const FOLDER = new URL('../../../docs/providers/', import.meta.url)
const kinds = Object.keys(PRESETS).sort()

function page(kind: string): string {
  return readFileSync(new URL(`${kind}.md`, FOLDER), 'utf8')
}

test('docs/providers has one page for each kind of provider and no other', () => {
  const pages = readdirSync(FOLDER).map((name) => name.replace(/\.md$/, ''))
  expect(pages.sort()).toEqual(kinds)
})

test.each(kinds)('the page of %s names the exact callback URL', (kind) => {
  expect(page(kind)).toContain('`<origin>/auth/callback/<id>`')
})

test.each(kinds)('the page of %s tells the three usual mistakes', (kind) => {
  const section = page(kind).split('## Three usual mistakes')[1]?.split('\n## ')[0] ?? ''
  expect(section.match(/^\d\. /gm)).toEqual(['1. ', '2. ', '3. '])
})

test.each(kinds)('the page of %s configures its own kind', (kind) => {
  expect(page(kind)).toContain(`kind: '${kind}'`)
})
