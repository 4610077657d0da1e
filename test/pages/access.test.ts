import { expect, test } from 'vitest'
import { devicesFull, noPermission, sessionEnded, signedInElsewhere, suspended } from '../../src/pages/access.ts'
import type { Frame } from '../../src/pages/layout.ts'
import { frameOf } from './samples.ts'

const frame = frameOf('en')
const nobody: Frame = { ...frame, brand: { name: 'Lantern Vale', homeUrl: '/' }, viewer: { kind: 'signed-out' } }
const appealing: Frame = { ...nobody, brand: { ...nobody.brand, appealUrl: '/appeal' } }
const ended = { signInUrl: '/auth/sign-in?return_to=%2Fplay' }
const held = { until: null, reason: 'Insults in chat', otherAccountUrl: '/auth/sign-in' }

test('noPermission() says who is asking and offers another account', () => {
  const page = noPermission(frame, { missing: null, otherAccountUrl: '/auth/sign-in?prompt=1' })
  expect(page.status).toBe(403)
  expect(page.html).toContain('You are still signed in as <bdi>Mira Holt</bdi>.')
  expect(page.parts['actions']).toContain('href="/auth/sign-in?prompt=1"')
})

test('noPermission() names the missing permission only when it is given (S30)', () => {
  expect(noPermission(frame, { missing: null, otherAccountUrl: '/' }).html).not.toContain('Missing permission')
  expect(noPermission(frame, { missing: 'players.ban', otherAccountUrl: '/' }).html).toContain('<bdi>players.ban</bdi>')
})

test('sessionEnded() says why and leads back to the same place', () => {
  const page = sessionEnded(nobody, { ...ended, reason: 'expired' })
  expect(page.status).toBe(401)
  expect(page.title).toBe('Your session has expired · Lantern Vale')
  expect(page.parts['actions']).toContain('href="/auth/sign-in?return_to=%2Fplay"')
})

test('sessionEnded() does not offer a banned player to sign in', () => {
  const page = sessionEnded(appealing, { ...ended, reason: 'banned' })
  expect(page.parts['actions']).not.toContain('/auth/sign-in')
  expect(page.parts['actions']).toContain('href="/appeal"')
})

test('sessionEnded() tells an evicted player about the newer sign-in', () => {
  expect(sessionEnded(nobody, { ...ended, reason: 'evicted' }).name).toBe('signed-in-elsewhere')
})

test('sessionEnded() offers to contest a ban and nothing else, and only where there is a place for it', () => {
  const appeal = 'Ask for a review'
  expect(sessionEnded(appealing, { ...ended, reason: 'kicked' }).html).not.toContain(appeal)
  expect(sessionEnded(nobody, { ...ended, reason: 'banned' }).html).not.toContain(appeal)
})

test('signedInElsewhere() says why and leads back in', () => {
  const page = signedInElsewhere(nobody, { signInUrl: '/auth/sign-in?return_to=%2Fplay' })
  expect(page.html).toContain('limited number of devices')
  expect(page.parts['actions']).toContain('href="/auth/sign-in?return_to=%2Fplay"')
})

test('suspended() leads to where it can be contested, if there is such a place', () => {
  expect(suspended(appealing, held).parts['actions']).toContain('href="/appeal"')
  expect(suspended(nobody, held).html).not.toContain('Ask for a review')
})

test('suspended() says the reason, and until when if it ends', () => {
  const page = suspended(frame, { ...held, until: '2026-12-24T00:00:00Z' })
  expect(page.title).toBe('Your account is suspended · Lantern Vale')
  expect(page.html).toContain('datetime="2026-12-24T00:00:00.000Z"')
  expect(page.html).toContain('Reason: <bdi>Insults in chat</bdi>')
})

test('suspended() calls a suspension without an end a block', () => {
  expect(suspended(frame, held).title).toBe('Your account is blocked · Lantern Vale')
})

test('devicesFull() has a status of its own and says what to do (S5)', () => {
  const page = devicesFull(nobody, { retryUrl: '/auth/start/google' })
  expect(page.status).toBe(409)
  expect(page.html).toContain('Sign out on one of the others')
  expect(page.parts['actions']).toContain('href="/auth/start/google"')
  const inside = devicesFull(nobody, { retryUrl: '/auth/start/google', accountUrl: '/auth/account' })
  expect(inside.parts['actions']).toContain('href="/auth/account"')
})
