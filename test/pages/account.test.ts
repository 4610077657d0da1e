import { expect, test } from 'vitest'
import { account } from '../../src/pages/account.ts'
import { frameOf } from './samples.ts'
import { busyAccount } from './samples-account.ts'

const frame = frameOf('en')
const props = busyAccount('Moonlit Keep')

test('account() changes things by forms that post, never by links', () => {
  const page = account(frame, props)
  const forms = page.html.match(/<form [^>]*>/g) ?? []
  expect(forms.filter((form) => !form.includes('method="post"'))).toEqual([])
  expect(page.html).not.toMatch(/<a [^>]*href="\/auth\/(account|sign-out|link)/)
})

test('account() marks this device and names each button by what it ends', () => {
  const html = account(frame, props).html
  expect(html.match(/This device/g)).toHaveLength(1)
  expect(html).toContain('aria-label="Sign out \u2068Firefox on Linux\u2069"')
})

test('account() has no button for the way to sign in that cannot be removed', () => {
  const only = {
    provider: 'Discord',
    name: null,
    addedAt: '2026-11-24T00:00:00Z',
    primary: 'yes',
    unlinkUrl: null,
    primaryUrl: null,
  } as const
  const html = account(frame, { ...props, identities: [only] }).html
  expect(html).not.toContain('Remove')
  expect(html).toContain('Your only way to sign in cannot be removed.')
})

test('account() names the provider in the button that signs out there too', () => {
  const there = { provider: 'Guild', url: '/auth/sign-out?provider=1' }
  const html = account(frame, { ...props, signOutThere: there }).html
  expect(html).toContain(
    'action="/auth/sign-out?provider=1"><button class="button"><span>Sign out here and at <bdi>Guild',
  )
  expect(account(frame, { ...props, signOutThere: null }).html).not.toContain('Sign out here and at')
})

test('account() shows a new token once and whole', () => {
  expect(account(frame, props).html).toContain('>pst_abcdefghij_klmnopqrstuvwxyz0123456789</code>')
})

test('account() has no card for tokens where they are not offered', () => {
  expect(account(frame, { ...props, tokens: null }).html).not.toContain('API tokens')
})
