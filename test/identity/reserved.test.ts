import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { DIALECTS } from '../../src/identity/dialects.ts'
import { fold, headerGuard, isReserved, managedFor, writesAuthorization } from '../../src/identity/reserved.ts'
import { receiver } from './people.ts'

function corpus(name: string): readonly string[] {
  const text = readFileSync(new URL(`../corpora/${name}`, import.meta.url), 'utf8')
  return text.split('\n').filter((line) => line !== '' && !line.startsWith('# '))
}

function nameOf(line: string): string {
  return line.slice(0, line.indexOf(':'))
}

const NOTHING = managedFor(null, [])

test('no line of the spoofed corpus passes, without any configuration', () => {
  const passed = corpus('headers-spoofed.txt').filter((line) => !isReserved(fold(nameOf(line)), NOTHING))
  expect(passed).toEqual([])
})

test('no line of the spoofed corpus passes the remembering guard, asked twice', () => {
  const guard = headerGuard(NOTHING)
  const lines = corpus('headers-spoofed.txt')
  expect([...lines, ...lines].filter((line) => !guard(nameOf(line)))).toEqual([])
})

test('every line of the passed corpus passes, without any configuration', () => {
  expect(corpus('headers-passed.txt').filter((line) => isReserved(fold(nameOf(line)), NOTHING))).toEqual([])
})

test('the spoofed corpus has every header of every dialect in four spellings', () => {
  const spelled = new Set(corpus('headers-spoofed.txt').map(nameOf))
  const names = Object.entries(DIALECTS).flatMap(([dialect, headers]) =>
    dialect === 'bearer' ? [] : headers.map(([name]) => name),
  )
  const wanted = names.flatMap((name) => [
    name,
    name.toLowerCase(),
    name.replaceAll('-', '_'),
    name.replaceAll('-', '.'),
  ])
  expect(wanted.filter((name) => !spelled.has(name))).toEqual([])
})

test('fold() lower-cases and turns _ and . into -', () => expect(fold('X.Forwarded_User')).toBe('x-forwarded-user'))
test('fold() does the same with every other sign', () => expect(fold('Postern+User')).toBe('postern-user'))

test('an own map is kept from clients on the routes of every upstream', () => {
  const chat = receiver({ name: 'chat' })
  const managed = managedFor(chat, [chat, receiver({ dialects: ['X-Player=user'] })])
  expect(isReserved(fold('x_player'), managed)).toBe(true)
})

test('a configured assertion header is kept from clients on the routes of every upstream', () => {
  const chat = receiver({ name: 'chat' })
  const managed = managedFor(chat, [chat, receiver({ assertionHeader: 'X-Game-Jwt' })])
  expect(isReserved(fold('X.GAME.JWT'), managed)).toBe(true)
})

test('Authorization is managed for an upstream whose dialect writes it', () => {
  const bearer = receiver({ dialects: ['bearer'] })
  expect(isReserved('authorization', managedFor(bearer, [bearer]))).toBe(true)
})

test('Authorization is managed for an upstream whose assertion header it is', () => {
  const own = receiver({ assertionHeader: 'Authorization' })
  expect(isReserved('authorization', managedFor(own, [own]))).toBe(true)
})

test('Authorization passes to an upstream beside one that is given it', () => {
  const chat = receiver({ name: 'chat' })
  const all = [chat, receiver({ dialects: ['bearer'] }), receiver({ assertionHeader: 'authorization' })]
  expect(isReserved('authorization', managedFor(chat, all))).toBe(false)
})

test('Authorization is managed where an own map writes it', () => {
  expect(writesAuthorization(receiver({ dialects: ['authorization=assertion'] }))).toBe(true)
})

test('Signature and Signature-Input are managed for an upstream whose requests are signed', () => {
  const signed = receiver({ sign: 'message' })
  const managed = managedFor(signed, [signed])
  expect([isReserved('signature', managed), isReserved('signature-input', managed)]).toEqual([true, true])
})

test('headerGuard() answers rightly beyond what it remembers', () => {
  const guard = headerGuard(NOTHING)
  for (let i = 0; i < 5000; i++) guard(`x-invented-${i}`)
  expect([guard('POSTERN_USER'), guard('x-invented-4999'), guard('Remote.User')]).toEqual([true, false, true])
})
