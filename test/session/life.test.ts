import { describe, expect, test } from 'vitest'
import { type RoleName, seconds } from '../../src/core/brand.ts'
import { capOf, clientKind, endsOf, type Life, lifeOf, recordedAddress, slidTo } from '../../src/session/life.ts'
import { roleOf, sessionConfigOf, sessionOf, userOf } from '../support/person.ts'

const NOW = seconds(1000)
const SLIDING: Life = { absoluteSeconds: seconds(604_800), idleSeconds: seconds(28_800), sliding: true }
const FIXED: Life = { ...SLIDING, sliding: false }

describe('endsOf()', () => {
  test('S1: idle 480 minutes, sliding', () => {
    expect(endsOf(SLIDING, userOf(), NOW)).toEqual({ endsAt: 605_800, idleUntil: 29_800 })
  })

  test('S1: fixed 480 minutes since sign-in', () => {
    expect(endsOf({ ...FIXED, absoluteSeconds: seconds(28_800) }, userOf(), NOW)).toEqual({
      endsAt: 29_800,
      idleUntil: 29_800,
    })
  })

  test('S1: fixed 7 days', () => {
    expect(endsOf(FIXED, userOf(), NOW)).toEqual({ endsAt: 605_800, idleUntil: 605_800 })
  })

  test('S14: never beyond the end of a guest account', () => {
    expect(endsOf(SLIDING, userOf({ guest: true, endsAt: seconds(5000) }), NOW)).toEqual({
      endsAt: 5000,
      idleUntil: 5000,
    })
  })

  test('S14: an idle life longer than the absolute one ends with it', () => {
    expect(endsOf({ ...SLIDING, absoluteSeconds: seconds(60) }, userOf(), NOW)).toEqual({
      endsAt: 1060,
      idleUntil: 1060,
    })
  })
})

describe('slidTo()', () => {
  const session = sessionOf({ idleUntil: seconds(2000), endsAt: seconds(40_000) })

  test('S14: sliding moves the idle end to now plus the idle life', () => {
    expect(slidTo(SLIDING, session, seconds(1500))).toBe(30_300)
  })

  test('S14: sliding never passes the absolute end', () => {
    expect(slidTo(SLIDING, session, seconds(11_200))).toBe(40_000)
    expect(slidTo(SLIDING, session, seconds(11_199))).toBe(39_999)
  })

  test('S2: without sliding the end stays where sign-in put it, whatever the traffic', () => {
    expect(slidTo(FIXED, session, seconds(1999))).toBe(2000)
  })
})

describe('lifeOf()', () => {
  const config = sessionConfigOf({ rememberSeconds: seconds(7_776_000) })
  const strict = roleOf({ level: 4, sessionSeconds: seconds(3600) })

  test('is that of the deployment when no role says otherwise', () => {
    expect(lifeOf(config, [roleOf()], 'forget')).toEqual(SLIDING)
  })

  test('is that of the highest role that says otherwise', () => {
    const lower = roleOf({ level: 1, sessionSeconds: seconds(7200) })
    const silent = roleOf({ level: 9 })
    expect(lifeOf(config, [lower, strict, silent], 'forget').absoluteSeconds).toBe(3600)
  })

  test('never has an idle life longer than the absolute one of a role', () => {
    expect(lifeOf(config, [strict], 'forget').idleSeconds).toBe(3600)
  })

  test('is longer for those who asked to be remembered', () => {
    expect(lifeOf(config, [roleOf()], 'remember')).toMatchObject({ absoluteSeconds: 7_776_000, idleSeconds: 7_776_000 })
  })

  test('stays that of the deployment when being remembered is not offered', () => {
    expect(lifeOf(sessionConfigOf(), [roleOf()], 'remember')).toEqual(SLIDING)
  })

  test('is not stretched by being remembered when a role fixes it', () => {
    expect(lifeOf(config, [strict], 'remember').absoluteSeconds).toBe(3600)
  })
})

describe('capOf()', () => {
  test('S5: a cap of one is the single mode', () => {
    expect(capOf(sessionConfigOf(), [roleOf({ maxSessions: 1 })])).toEqual({ max: 1, excess: 'evict_oldest' })
  })

  test('is the most generous of the roles that have one', () => {
    expect(
      capOf(sessionConfigOf({ excess: 'refuse' }), [roleOf({ maxSessions: 1 }), roleOf({ maxSessions: 3 }), roleOf()]),
    ).toEqual({ max: 3, excess: 'refuse' })
  })

  test('is none when no role has one', () => {
    expect(capOf(sessionConfigOf(), [roleOf({ name: 'guest' as RoleName })])).toBeNull()
  })
})

describe('clientKind()', () => {
  test.each([
    ['unity', 'unity'],
    ['  Web  ', 'web'],
    ['godot-4.3_x', 'godot-4.3_x'],
    ['a'.repeat(32), 'a'.repeat(32)],
    ['a'.repeat(33), 'unknown'],
    ['web client', 'unknown'],
    ['<b>', 'unknown'],
    ['w\u00e4b', 'unknown'],
    ['web\r\nX: 1', 'unknown'],
    ['', 'unknown'],
    ['   ', 'unknown'],
    [null, 'unknown'],
  ])('S11: %j is shown as %s', (header, shown) => {
    expect(clientKind(header)).toBe(shown)
  })
})

describe('recordedAddress()', () => {
  test.each([
    ['203.0.113.77', '203.0.113.0/24'],
    ['::ffff:203.0.113.77', '203.0.113.0/24'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1::/48'],
    ['2001:db8::1', '2001:db8:0::/48'],
    ['2001:DB8:0A::1', '2001:db8:a::/48'],
    ['::1', '0:0:0::/48'],
    ['fe80::1%eth0', 'fe80:0:0::/48'],
    ['::', '0:0:0::/48'],
  ])('truncates %s to %s', (address, recorded) => {
    expect(recordedAddress(address, 'truncated')).toBe(recorded)
  })

  test('keeps nothing of what is no address', () => {
    expect(recordedAddress('unknown', 'truncated')).toBeNull()
    expect(recordedAddress('x::y', 'truncated')).toBeNull()
  })

  test('keeps the whole address only where it is configured', () => {
    expect(recordedAddress('203.0.113.77', 'whole')).toBe('203.0.113.77')
    expect(recordedAddress('203.0.113.77', 'off')).toBeNull()
    expect(recordedAddress(null, 'whole')).toBeNull()
  })
})
