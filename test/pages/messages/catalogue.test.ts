import { describe, expect, test } from 'vitest'
import { LANGUAGES } from '../../../src/pages/language.ts'
import { messagesFor } from '../../../src/pages/messages/catalogue.ts'
import type { MessageKey } from '../../../src/pages/messages/keys.ts'

const english = messagesFor('en')
const keys = Object.keys(english) as MessageKey[]

function placeholders(text: string): string[] {
  return [...text.matchAll(/\{([^}]*)\}/g)].map((match) => match[1] ?? '').sort()
}

describe.each(LANGUAGES)('the catalogue of %s', (language) => {
  const messages = messagesFor(language)

  test('has exactly the keys of the English one', () => {
    expect(Object.keys(messages).sort()).toEqual([...keys].sort())
  })

  test('says something for every key', () => {
    expect(keys.filter((key) => messages[key].trim() === '')).toEqual([])
  })

  test('has the placeholders of the English one in every message', () => {
    for (const key of keys) expect([key, placeholders(messages[key])]).toEqual([key, placeholders(english[key])])
  })

  test('is written as text, not as markup', () => {
    expect(keys.filter((key) => /[<>&]/.test(messages[key]))).toEqual([])
  })

  test('names each small button by its visible label and what it is about', () => {
    const pairs = [
      ['account.end', 'account.end-name'],
      ['account.make-primary', 'account.make-primary-name'],
      ['account.unlink', 'account.unlink-name'],
      ['tokens.revoke', 'tokens.revoke-name'],
      ['admin.end', 'admin.end-name'],
    ] as const
    const heard = pairs.map(([label, name]) => messages[name].includes(messages[label]))
    expect(heard).toEqual([true, true, true, true, true])
  })
})

test.each(LANGUAGES.filter((language) => language !== 'en'))('the catalogue of %s is translated', (language) => {
  const messages = messagesFor(language)
  const long = keys.filter((key) => english[key].length > 24)
  expect(long.filter((key) => messages[key] === english[key])).toEqual([])
})
