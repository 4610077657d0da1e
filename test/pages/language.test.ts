import { expect, test } from 'vitest'
import { direction, languageOf, negotiateLanguage } from '../../src/pages/language.ts'

test('negotiateLanguage() answers English when nothing is asked', () => {
  expect(negotiateLanguage(null)).toBe('en')
  expect(negotiateLanguage('')).toBe('en')
})

test('negotiateLanguage() takes the highest weight, not the first', () => {
  expect(negotiateLanguage('en;q=0.5, de;q=0.9, fr;q=0.7')).toBe('de')
})

test('negotiateLanguage() takes the first of equal weights', () => {
  expect(negotiateLanguage('fr, de')).toBe('fr')
})

test('negotiateLanguage() passes over languages that are not written here', () => {
  expect(negotiateLanguage('cy, gd;q=0.9, ko;q=0.2')).toBe('ko')
})

test('negotiateLanguage() never takes a language of weight zero', () => {
  expect(negotiateLanguage('de;q=0, xx')).toBe('en')
})

test('negotiateLanguage() finds a regional variant by its first subtag', () => {
  expect(negotiateLanguage('de-AT')).toBe('de')
  expect(negotiateLanguage('pt-PT')).toBe('pt-BR')
  expect(negotiateLanguage('zh-Hans-SG')).toBe('zh-CN')
})

test('negotiateLanguage() does not give simplified Chinese to readers of the traditional script', () => {
  expect(negotiateLanguage('zh-TW, ja;q=0.5')).toBe('ja')
})

test('negotiateLanguage() prefers an explicit choice', () => {
  expect(negotiateLanguage('de', 'AR')).toBe('ar')
  expect(negotiateLanguage('de', 'tlh')).toBe('de')
})

test('negotiateLanguage() ignores malformed ranges', () => {
  expect(negotiateLanguage('fr;q=7, ;;, de;q=x, ru;q=0.1')).toBe('ru')
})

test('negotiateLanguage() reads at most 1024 characters', () => {
  expect(negotiateLanguage(`${'xx,'.repeat(400)}de`)).toBe('en')
})

test('languageOf() is null for a language that is not written here', () => {
  expect(languageOf('cy')).toBe(null)
})

test('direction() is rtl for Arabic only', () => {
  expect(direction('ar')).toBe('rtl')
  expect(direction('ja')).toBe('ltr')
})
