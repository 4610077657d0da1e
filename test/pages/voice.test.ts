import { expect, test } from 'vitest'
import { voice } from '../../src/pages/voice.ts'

const english = voice('en')

test('say() isolates plain values and keeps the sentence around them', () => {
  expect(english.say('viewer.in', { name: 'Mira & Co' }).toString()).toBe(
    'You are still signed in as <bdi>Mira &amp; Co</bdi>.',
  )
})

test('say() never reads a placeholder inside a value', () => {
  expect(english.say('viewer.in', { name: '{name}' }).toString()).toContain('<bdi>{name}</bdi>')
})

test('text() isolates plain values with characters, for titles and attributes', () => {
  expect(english.text('account.unlink-name', { provider: 'Discord' })).toBe('Remove \u2068Discord\u2069')
})

test('moment() says the zone and keeps the machine-readable time', () => {
  expect(english.moment('2026-11-24T14:05:09Z').toString()).toBe(
    '<time datetime="2026-11-24T14:05:09.000Z"><bdi>Nov 24, 2026, 02:05 PM UTC</bdi></time>',
  )
})

test('moment() shows an unreadable time as it came', () => {
  expect(english.moment('<soon>').toString()).toBe('<bdi>&lt;soon&gt;</bdi>')
})

test('day() leaves out the hour', () => {
  expect(voice('de').day('2026-11-24T14:05:09Z').toString()).toContain('<bdi>24. Nov. 2026</bdi>')
})

test('wait() takes the largest fitting unit and rounds up', () => {
  expect(english.wait(0)).toBe('in 1 second')
  expect(english.wait(119)).toBe('in 119 seconds')
  expect(english.wait(121)).toBe('in 3 minutes')
  expect(english.wait(7200)).toBe('in 2 hours')
  expect(english.wait(172_800)).toBe('in 2 days')
})

test('wait() follows the plural rules of the language', () => {
  expect(voice('ru').wait(300)).toBe('через 5 минут')
  expect(voice('ru').wait(180)).toBe('через 3 минуты')
})
