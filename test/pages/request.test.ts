import { expect, test } from 'vitest'
import { badParameter, headersTooLarge, methodNotAllowed, nothingSubmitted } from '../../src/pages/request.ts'
import { frameOf } from './samples.ts'

const frame = frameOf('en')

test('badParameter() names the parameter and has a way back (I4)', () => {
  const page = badParameter(frame, { parameter: 'characterId', problem: 'empty', backUrl: '/characters' })
  expect(page.status).toBe(400)
  expect(page.html).toContain('The part named <code><bdi>characterId</bdi></code> is empty.')
  expect(page.parts['actions']).toContain('href="/characters"')
})

test('badParameter() leads home when no way back is known', () => {
  const page = badParameter(frame, { parameter: 'id', problem: 'missing', backUrl: null })
  expect(page.parts['actions']).toContain('button go" href="/"')
})

test('methodNotAllowed() shows an overlong method shortened', () => {
  expect(methodNotAllowed(frame, { method: 'X'.repeat(50) }).html).toContain(`<bdi>${'X'.repeat(19)}…</bdi>`)
})

test('nothingSubmitted() signs in in a new tab, so that the form stays', () => {
  const page = nothingSubmitted(frame, { signInUrl: '/auth/sign-in' })
  expect(page.status).toBe(401)
  expect(page.parts['actions']).toContain('href="/auth/sign-in" target="_blank" rel="noopener"')
})

test('headersTooLarge() clears the cookies by a form', () => {
  const page = headersTooLarge(frame, { clearUrl: '/auth/clear' })
  expect(page.status).toBe(431)
  expect(page.parts['actions']).toContain('method="post" action="/auth/clear"')
})
