import { expect, test } from 'vitest'
import { CONTENT_SECURITY_POLICY, contentSecurityPolicy, renderPage } from '../../src/pages/render.ts'
import { notFound } from '../../src/pages/request.ts'
import { chooser } from '../../src/pages/sign-in.ts'
import { STYLE_SOURCE } from '../../src/pages/style.ts'
import { frameOf } from './samples.ts'

const page = notFound(frameOf('de'), null)

test('CONTENT_SECURITY_POLICY admits one style, forms at home, and nothing else', () => {
  expect(CONTENT_SECURITY_POLICY).toBe(
    `default-src 'none'; style-src '${STYLE_SOURCE}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'`,
  )
})

test('contentSecurityPolicy() leaves out what is not an exact origin', () => {
  expect(contentSecurityPolicy(['https://play.example', "'unsafe-inline'", 'https://a; script-src *', '*'])).toContain(
    "form-action 'self' https://play.example; frame-ancestors",
  )
})

test('renderPage() answers with the page, its status and its headers', () => {
  const answer = renderPage(page, { language: 'de' })
  expect(answer.status).toBe(404)
  expect(answer.body).toBe(page.html)
  expect(answer.headers).toEqual([
    ['Content-Type', 'text/html; charset=utf-8'],
    ['Cache-Control', 'no-store'],
    ['Referrer-Policy', 'same-origin'],
    ['X-Content-Type-Options', 'nosniff'],
    ['X-Robots-Tag', 'noindex'],
    ['Vary', 'Accept-Language'],
    ['Content-Language', 'de'],
    ['Content-Security-Policy', CONTENT_SECURITY_POLICY],
  ])
})

test('renderPage() takes a status and further headers, which may repeat', () => {
  const answer = renderPage(page, {
    language: 'de',
    status: 403,
    extraHeaders: [
      ['Set-Cookie', 'a=1'],
      ['Set-Cookie', 'b=2'],
    ],
  })
  expect(answer.status).toBe(403)
  expect(answer.headers.slice(-2)).toEqual([
    ['Set-Cookie', 'a=1'],
    ['Set-Cookie', 'b=2'],
  ])
})

test('chooser() names the origin of a foreign return_to, because the guest form ends there', () => {
  const guest = { action: '/auth/guest', fields: { return_to: 'https://play.example/start' } }
  const chosen = chooser(frameOf('en'), { providers: [], guest, reason: 'sign-in', webview: 'no' })
  expect(chosen.formTargets).toEqual(['https://play.example'])
})
