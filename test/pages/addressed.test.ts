import { expect, test } from 'vitest'
import { account } from '../../src/pages/account.ts'
import { addressed } from '../../src/pages/addressed.ts'
import { LANGUAGES } from '../../src/pages/language.ts'
import type { Frame } from '../../src/pages/layout.ts'
import { markup, shown } from '../../src/pages/markup.ts'
import { formsOf } from '../support/forms.ts'
import { frameOf } from './samples.ts'
import { accountPages, busyAccount } from './samples-account.ts'
import { adminPages } from './samples-admin.ts'

const ADA = { kind: 'signed-in', name: 'Ada', account: 'ada-1' } as const

test('addressed() names the account in every form that changes something', () => {
  const both = markup`<form method="post" action="/a"><b>1</b></form><form class="list" method="post" action="/b?x=1">2</form>`
  expect(formsOf(addressed(both, 'ada-1').toString()).map(({ fields }) => fields.get('account'))).toEqual([
    'ada-1',
    'ada-1',
  ])
})

test('addressed() leaves forms that only ask, and what nobody is signed in for, as they are', () => {
  const asking = markup`<form action="/find"><input name="text"></form>`
  expect(addressed(asking, 'ada-1').toString()).toBe(asking.toString())
  const posting = markup`<form method="post" action="/a"></form>`
  expect(addressed(posting, null).toString()).toBe(posting.toString())
})

test('addressed() takes what somebody is called for no form', () => {
  const named = markup`<p>${shown('<form method="post" action="/x">')}</p>`
  expect(addressed(named, 'ada-1').toString()).toBe(named.toString())
})

test('every form of the account, of devices and of the administration names the account, in a document of an operator too', () => {
  const frame: Frame = { ...frameOf('en'), viewer: ADA }
  // The samples of guests and of nameless players have a reader of their own, whose id is not known here.
  const pages = [...accountPages(frame, 'Mira'), ...adminPages(frame, 'Mira')].filter(({ html }) =>
    html.includes('ada-1'),
  )
  expect(new Set(pages.map(({ name }) => name)).size).toBeGreaterThan(5)
  const bare = pages.flatMap(({ name, html, parts }) =>
    [html, `${parts.body}${parts.actions}${parts.more}`].flatMap((text) =>
      [...text.matchAll(/<form [^>]*method="post"[^>]*>(?!<input type="hidden" name="account" value="ada-1">)/g)].map(
        ([form]) => `${name}: ${form}`,
      ),
    ),
  )
  expect(bare).toEqual([])
})

test('the account page as it is served stays under 15 KB in every language, with six devices', () => {
  const sizes = LANGUAGES.map((language) => {
    const frame: Frame = { ...frameOf(language), viewer: { ...ADA, account: '7f1c7c1e-0b1d-4f0e-9a53-2b6c0d4e8f10' } }
    return new TextEncoder().encode(account(frame, { ...busyAccount('Mira'), tokens: null }).html).length
  })
  expect(Math.max(...sizes)).toBeLessThan(15 * 1024)
})
