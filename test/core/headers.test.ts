import { describe, expect, test } from 'vitest'
import { connectionTokens, fold, isHopByHop } from '../../src/core/headers.ts'

describe('fold()', () => {
  // CVE-2025-64484, CVE-2026-33433: servers merge these spellings.
  test('folds case, underscore and dot into one spelling', () => {
    const spellings = ['Postern-User', 'POSTERN_USER', 'postern.user', 'Postern_User', 'pOsTeRn.UsEr']
    expect(new Set(spellings.map(fold))).toEqual(new Set(['postern-user']))
  })

  test('folds every occurrence, not the first alone', () => {
    expect(fold('X__Forwarded..User_')).toBe('x--forwarded--user-')
  })

  test('is idempotent', () => {
    expect(fold(fold('X_Api.Token'))).toBe(fold('X_Api.Token'))
  })
})

describe('isHopByHop()', () => {
  test('knows the headers of one connection', () => {
    const hops = ['connection', 'keep-alive', 'te', 'trailer', 'transfer-encoding', 'upgrade', 'proxy-connection']
    expect(hops.filter((name) => !isHopByHop(name))).toEqual([])
  })

  test('knows the credentials of a proxy, the h2c upgrade, and the leave to send that is given here', () => {
    const hops = ['proxy-authorization', 'proxy-authenticate', 'http2-settings', 'expect']
    expect(hops.filter((name) => !isHopByHop(name))).toEqual([])
  })

  test('knows what was folded', () => {
    expect(isHopByHop(fold('Transfer_Encoding'))).toBe(true)
  })

  test('lets end-to-end headers pass', () => {
    expect(['content-length', 'content-type', 'cookie', 'range', 'traceparent', 'via'].filter(isHopByHop)).toEqual([])
  })
})

describe('connectionTokens()', () => {
  test('answers none when there is no Connection header', () => {
    expect(connectionTokens(null)).toEqual([])
  })

  test('lists what a client names, in lower case and without blanks', () => {
    expect(connectionTokens('close, Postern-User ,\tX-Forwarded-For')).toEqual([
      'close',
      'postern-user',
      'x-forwarded-for',
    ])
  })

  test('skips empty members', () => {
    expect(connectionTokens(' , ,, keep-alive,')).toEqual(['keep-alive'])
  })
})
