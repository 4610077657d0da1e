import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { PRESETS } from '../../../src/adapters/oauth/presets.ts'
import { makeProviders } from '../../../src/adapters/oauth/providers.ts'
import { parseConfig } from '../../../src/config/parse.ts'
import { providerKind } from '../../../src/core/provider-kinds.ts'
import { testRuntime } from './support/runtime.ts'

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

test.each(kinds)('the page of %s says of each mistake whether it is found before a sign-in', (kind) => {
  const section = page(kind).split('## Three usual mistakes')[1]?.split('\n## ')[0] ?? ''
  expect(section.trim().match(/\*[A-Z`][^*]+\.\*(?=\n\d\. |$)/g)).toHaveLength(3)
})

test.each(kinds)('the page of %s names every option there is', (kind) => {
  const flows = kind === 'slack' ? [{ flow: 'openid' }, { flow: 'identity' }] : [{}]
  const names = flows.flatMap((options) => Object.keys(providerKind({ kind, scopes: null, options })?.options ?? {}))
  expect(names.length).toBeGreaterThan(3)
  expect(names.filter((name) => !page(kind).includes(`\`${name}\``))).toEqual([])
})

/** The configuration a page shows, run as the code it is. */
function shown(kind: string): unknown {
  const code = /```ts\n([\s\S]*?)```/.exec(page(kind))?.[1] ?? ''
  const secret = (name: string) => ({ secret: name })
  return new Function('secret', `return { ${code} }`)(secret)
}

test.each(kinds)('the configuration on the page of %s makes a provider of that kind', (kind) => {
  const origin = 'https://play.example.com'
  const upstreams = { game: { url: 'http://127.0.0.1:2567' } }
  const parsed = parseConfig({ origin, upstreams, ...(shown(kind) as object) })
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.fault))
  expect(parsed.value.providers.map((provider) => provider.kind)).toEqual([kind])
  expect(makeProviders(parsed.value.providers, () => 'secret', testRuntime(), globalThis).size).toBe(1)
})
