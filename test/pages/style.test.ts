import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { PALETTE, STYLE, STYLE_SOURCE } from '../../src/pages/style.ts'
import { everyPage } from './samples.ts'

test('STYLE_SOURCE is the hash of the style that every page emits', () => {
  for (const page of everyPage('en')) {
    const emitted = /<style>([\s\S]*?)<\/style>/.exec(page.html)?.[1] ?? ''
    expect(`sha256-${createHash('sha256').update(emitted).digest('base64')}`).toBe(STYLE_SOURCE)
  }
})

test('STYLE loads nothing', () => {
  expect(STYLE).not.toMatch(/url\(|@import|image-set|src:/)
})

function luminance(color: string): number {
  const channel = (from: number): number => {
    const value = Number.parseInt(color.slice(from, from + 2), 16) / 255
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
  }
  return 0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
}

function contrast(one: string, other: string): number {
  const [a, b] = [luminance(one), luminance(other)]
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)
}

const TEXT = [
  ['ink', 'card'],
  ['ink', 'page'],
  ['ink', 'glow'],
  ['soft', 'card'],
  ['soft', 'page'],
  ['soft', 'glow'],
  ['go-ink', 'go'],
  ['calm', 'card'],
  ['calm', 'page'],
  ['calm', 'glow'],
  ['calm', 'calm-bg'],
  ['care', 'care-bg'],
  ['stop', 'stop-bg'],
  ['ink', 'calm-bg'],
  ['ink', 'care-bg'],
  ['ink', 'stop-bg'],
] as const

test.each(TEXT)('text %s on %s reaches 4.5:1 in both schemes', (text, ground) => {
  expect(contrast(PALETTE.light[text], PALETTE.light[ground])).toBeGreaterThanOrEqual(4.5)
  expect(contrast(PALETTE.dark[text], PALETTE.dark[ground])).toBeGreaterThanOrEqual(4.5)
})

const CONTROLS = [
  ['edge', 'card'],
  ['edge', 'page'],
  ['go', 'card'],
  ['calm', 'page'],
  ['calm', 'card'],
  ['calm', 'glow'],
] as const

test.each(CONTROLS)('control %s on %s reaches 3:1 in both schemes', (edge, ground) => {
  expect(contrast(PALETTE.light[edge], PALETTE.light[ground])).toBeGreaterThanOrEqual(3)
  expect(contrast(PALETTE.dark[edge], PALETTE.dark[ground])).toBeGreaterThanOrEqual(3)
})
