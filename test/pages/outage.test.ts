import { expect, test } from 'vitest'
import type { Frame } from '../../src/pages/layout.ts'
import { internalError, storeDown, tooManyTries, upstreamDown } from '../../src/pages/outage.ts'
import { frameOf } from './samples.ts'

const frame: Frame = { ...frameOf('en'), viewer: { kind: 'unknown' } }

test('upstreamDown() is 502 when nobody answers and 504 when it takes too long', () => {
  const retry = { retryUrl: '/play', retrySeconds: null }
  expect(upstreamDown(frame, { ...retry, problem: 'down' }).status).toBe(502)
  expect(upstreamDown(frame, { ...retry, problem: 'slow' }).status).toBe(504)
})

test('storeDown() says that nobody was signed out', () => {
  const page = storeDown(frame, { retryUrl: '/play', retrySeconds: 5 })
  expect(page.status).toBe(503)
  expect(page.html).toContain('This did not sign you out.')
  expect(page.html).toContain('in 5 seconds')
})

test('tooManyTries() says when to come back', () => {
  const page = tooManyTries(frame, { retryUrl: null, retrySeconds: 90 * 60 })
  expect(page.status).toBe(429)
  expect(page.html).toContain('in 90 minutes')
})

test('internalError() does not offer to repeat what is not safe to repeat', () => {
  const page = internalError(frame, { retryUrl: null, retrySeconds: null })
  expect(page.status).toBe(500)
  expect(page.parts['actions']).not.toContain('Try again')
})
