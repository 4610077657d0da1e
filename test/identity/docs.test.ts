import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { PRESETS } from '../../src/core/upstream-presets.ts'
import { DIALECTS } from '../../src/identity/dialects.ts'
import type { RefusalCode } from '../../src/verify/index.ts'

function page(name: string): string {
  return readFileSync(new URL(`../../docs/upstreams/${name}`, import.meta.url), 'utf8')
}

test('headers.md names every header of every dialect in the row of its dialect', () => {
  const rows = page('headers.md').split('\n')
  const missing = Object.entries(DIALECTS).flatMap(([dialect, headers]) => {
    const row = rows.find((line) => line.startsWith(`| \`${dialect}\``)) ?? ''
    return headers.filter(([name]) => !row.includes(`\`${name}`)).map(([name]) => `${dialect}: ${name}`)
  })
  expect(missing).toEqual([])
})

test('presets.md has a row for every preset', () => {
  const text = page('presets.md')
  expect(Object.keys(PRESETS).filter((name) => !text.includes(`\n| \`${name}\` `))).toEqual([])
})

/** What presets.md says of services that our tests do not run, against what their presets send. */
const READ: readonly (readonly [preset: string, said: string, header: string, field: string])[] = [
  ['grafana', 'header_name = X-WEBAUTH-USER', 'X-WEBAUTH-USER', 'user'],
  ['grafana', 'Name:X-WEBAUTH-NAME', 'X-WEBAUTH-NAME', 'name'],
  ['grafana', 'Email:X-WEBAUTH-EMAIL', 'X-WEBAUTH-EMAIL', 'email'],
  ['grafana', 'Role:X-WEBAUTH-ROLE', 'X-WEBAUTH-ROLE', 'primary-role'],
  ['evennia', '`HTTP_REMOTE_USER`', 'Remote-User', 'user'],
]

test.each(READ)(
  'presets.md: what %s is told to read by "%s" is what its preset sends',
  (preset, said, header, field) => {
    const row = page('presets.md')
      .split('\n')
      .find((line) => line.startsWith(`| \`${preset}\``))
    expect(row).toContain(said)
    const sent = PRESETS[preset]?.dialects.flatMap((dialect) => DIALECTS[dialect] ?? [])
    expect(sent).toContainEqual([header, field])
  },
)

test.each(['nakama', 'boardgame.io', 'colyseus', 'socket.io'])(
  'preset %s sends the assertion by the name the page reads',
  (preset) => {
    expect(PRESETS[preset]?.assertionHeader).toBe('Postern-Assertion')
    expect(page('presets.md')).toMatch(/'postern-assertion'/)
  },
)

test('the pages explain every code of a refusal', () => {
  const codes: Record<RefusalCode, true> = {
    assertion_missing: true,
    assertion_malformed: true,
    assertion_algorithm: true,
    assertion_unknown_key: true,
    assertion_signature: true,
    assertion_issuer: true,
    assertion_audience: true,
    assertion_expired: true,
    assertion_from_future: true,
    assertion_claims: true,
    anonymous_refused: true,
    signature_missing: true,
    signature_malformed: true,
    signature_coverage: true,
    signature_unknown_key: true,
    signature_expired: true,
    signature_from_future: true,
    signature_replayed: true,
    signature_mismatch: true,
  }
  const text = page('README.md') + page('messages.md')
  expect(Object.keys(codes).filter((code) => !text.includes(`\`${code}\``))).toEqual([])
})
