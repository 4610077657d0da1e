import { expect, test } from 'vitest'
import { type ChooserProps, chooser, interrupted, providerDown, signedOut } from '../../src/pages/sign-in.ts'
import { frameOf } from './samples.ts'

const frame = frameOf('en')
const google = { name: 'Google', startUrl: '/auth/start/google?return_to=%2Fplay', rememberUrl: null }
const props: ChooserProps = { providers: [google], guest: null, reason: 'sign-in', webview: 'no' }

test('chooser() links to each provider by name', () => {
  const html = chooser(frame, props).html
  expect(html).toContain('href="/auth/start/google?return_to=%2Fplay"')
  expect(html).toContain('Continue with <bdi>Google</bdi>')
})

test('chooser() offers to be remembered only where a provider can', () => {
  const remembering = { ...google, rememberUrl: '/auth/start/google?remember=1' }
  expect(chooser(frame, props).html).not.toContain('type="checkbox"')
  const html = chooser(frame, { ...props, providers: [remembering] }).html
  expect(html).toContain('type="checkbox"')
  expect(html).toContain('href="/auth/start/google?remember=1"')
})

test('chooser() does not say that there is no way in where guests are welcome', () => {
  const none = /no way to sign in/i
  expect(chooser(frame, { ...props, providers: [] }).html).toMatch(none)
  const guest = { action: '/auth/guest', fields: { return_to: '/play' } }
  expect(chooser(frame, { ...props, providers: [], guest }).html).not.toMatch(none)
})

test('chooser() keeps the destination of a guest in a form that posts', () => {
  const html = chooser(frame, {
    ...props,
    guest: { action: '/auth/guest', fields: { return_to: '/play?room=7&x="' } },
  }).html
  expect(html).toContain('method="post" action="/auth/guest"')
  expect(html).toContain('name="return_to" value="/play?room=7&amp;x=&quot;"')
})

test('chooser() warns inside another app', () => {
  expect(chooser(frame, { ...props, webview: 'yes' }).html).toContain('You seem to be inside another app.')
})

test('chooser() asks a signed-in player to confirm under another heading', () => {
  expect(chooser(frame, { ...props, reason: 'confirm' }).title).toBe('Confirm that it is you · Lantern Vale')
})

test('chooser() says so when no provider is left', () => {
  expect(chooser(frame, { ...props, providers: [] }).html).toContain('No way to sign in is available right now.')
})

test('signedOut() starts nothing by itself', () => {
  const page = signedOut(frame, { scope: 'here', provider: null, endUrl: null, signInUrl: '/auth/sign-in' })
  expect(page.html).not.toContain('http-equiv')
  expect(page.status).toBe(200)
})

test('signedOut() tells where a session may go on, and ends it by a form where that can be', () => {
  const still = { scope: 'here', provider: 'Guild', signInUrl: '/auth/sign-in' } as const
  expect(signedOut(frame, { ...still, endUrl: null }).html).not.toContain('<form')
  expect(signedOut(frame, { ...still, endUrl: '/auth/sign-out?provider=1' }).html).toContain(
    '<form method="post" action="/auth/sign-out?provider=1"><button class="button"><span>Sign out at <bdi>Guild</bdi> too',
  )
})

test('providerDown() offers the other ways first', () => {
  const page = providerDown(frame, { provider: 'Google', retryUrl: '/auth/start/google', chooseUrl: '/auth/sign-in' })
  expect(page.parts['actions']).toMatch(/button go" href="\/auth\/sign-in".*href="\/auth\/start\/google"/)
})

test('interrupted() has one button, and it restarts', () => {
  const page = interrupted(frame, { restartUrl: '/auth/start/google?return_to=%2Fplay' })
  expect(page.parts['actions']?.match(/<a /g)).toHaveLength(1)
  expect(page.parts['actions']).toContain('href="/auth/start/google?return_to=%2Fplay"')
})
