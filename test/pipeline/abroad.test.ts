import { expect, test } from 'vitest'
import type { Subject } from '../../src/core/person.ts'
import { withheldFrom } from '../../src/pipeline/abroad.ts'
import { askOf } from '../support/ask.ts'

const CONFIG = { origin: 'https://play.example.com' }
const RULE = { origins: ['https://tools.example.com'] }
const SESSION = { kind: 'session' } as Subject
const TOKEN = { kind: 'token' } as Subject
const CREDENTIALS = ['access-control-allow-credentials']

function from(origin: string | null, authorization: string | null = null) {
  const plain = askOf({ host: 'worlds.example.com' })
  return { ...plain, browser: { ...plain.browser, origin }, credentials: { ...plain.credentials, authorization } }
}

test.each([
  ['https://evil.example', CREDENTIALS],
  ['null', CREDENTIALS],
  ['http://play.example.com', CREDENTIALS],
  ['https://play.example.com.evil.example', CREDENTIALS],
  ['https://TOOLS.example.com', CREDENTIALS],
  ['https://tools.example.com', []],
  ['https://play.example.com', []],
  ['https://worlds.example.com', []],
  [null, []],
])('a page of %s may not be told %j beside the cookie of a session (CWE-942)', (origin, withheld) => {
  expect(withheldFrom(from(origin), SESSION, RULE, CONFIG)).toEqual(withheld)
})

test('whoever shows a credential that no browser sends by itself, and nobody, are told everything', () => {
  expect(withheldFrom(from('https://evil.example', 'Bearer pss_abc'), SESSION, RULE, CONFIG)).toEqual([])
  expect(withheldFrom(from('https://evil.example', 'Bearer pst_abc'), TOKEN, RULE, CONFIG)).toEqual([])
  expect(withheldFrom(from('https://evil.example'), null, RULE, CONFIG)).toEqual([])
  expect(withheldFrom(from('https://evil.example', 'Basic eHl6'), SESSION, RULE, CONFIG)).toEqual(CREDENTIALS)
})
