import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { checkedStyle } from '../../src/config/style-checks.ts'
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

const MANUAL = readFileSync(new URL('../../docs/pages.md', import.meta.url), 'utf8')
const SAMPLE = /```css\n([\s\S]*?)```/.exec(MANUAL)?.[1] ?? ''

function colorsIn(css: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    [...css.matchAll(/--([a-z-]+): (#[0-9a-f]{6})/g)].map(([, name = '', color = '']) => [name, color]),
  )
}

test('the sample of the manual is taken as pages.style, and can be read in both schemes', () => {
  expect(checkedStyle(SAMPLE, new Map()).problems).toEqual([])
  const [light = '', dark = ''] = SAMPLE.split('@media')
  for (const palette of [
    { ...PALETTE.light, ...colorsIn(light) },
    { ...PALETTE.dark, ...colorsIn(dark) },
  ] as const) {
    const poor = TEXT.filter(([text, ground]) => contrast(palette[text], palette[ground]) < 4.5)
    expect([...poor, ...CONTROLS.filter(([edge, ground]) => contrast(palette[edge], palette[ground]) < 3)]).toEqual([])
  }
  expect(Object.keys(colorsIn(dark)).sort()).toEqual(['calm', 'calm-bg', 'go', 'go-ink'])
})

test('the manual has every custom property of the sheet, and no other', () => {
  const table = /\| property \|[\s\S]*?\n\n/.exec(MANUAL)?.[0] ?? ''
  const told = [...table.matchAll(/`--([a-z-]+)`/g)].map(([, name]) => name ?? '').sort()
  expect(told).toEqual([...Object.keys(PALETTE.light), 'font'].sort())
})
