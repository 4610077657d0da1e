import { expect, test } from 'vitest'
import { cookiesBlocked, handOver, openInBrowser } from '../../src/pages/obstacles.ts'
import { frameOf } from './samples.ts'

const frame = frameOf('en')

test('cookiesBlocked() lists the causes in the order given', () => {
  const html = cookiesBlocked(frame, { causes: ['insecure', 'clock'], retryUrl: '/auth/sign-in' }).html
  expect(html).toMatch(/does not begin with https.*clock of this device/)
})

test('handOver() moves on by itself and has a link besides', () => {
  const html = handOver(frame, { provider: 'Google', url: 'https://accounts.example/a?b=1&c=2' }).html
  expect(html).toContain('content="0;url=https://accounts.example/a?b=1&amp;c=2"')
  expect(html).toContain('href="https://accounts.example/a?b=1&amp;c=2"')
})

test('handOver() goes nowhere when the address is not one', () => {
  const html = handOver(frame, { provider: 'Google', url: 'javascript:alert(1)' }).html
  expect(html).not.toContain('javascript:')
  expect(html).not.toContain('http-equiv')
})

test('openInBrowser() shows the address whole', () => {
  const address = `https://lantern.example/auth/sign-in?return_to=${'x'.repeat(300)}`
  expect(openInBrowser(frame, { address, deviceUrl: null, anywayUrl: null }).html).toContain(address)
})
