import { expect, test } from 'vitest'
import { decodeSession, encodeCharacter, encodeMeta, encodeSession } from '../../../src/adapters/redis/codec.ts'
import { device, person } from './scene.ts'

const session = device(person(1), 'a')
const read = (played: string) => decodeSession('test', encodeMeta(session, 0), encodeSession(session), played)

test('a selection, none, and one that is gone read as they were written', () => {
  const hero = { id: '7', name: 'Zoë', world: 'gone' }
  for (const one of [{ character: hero }, { character: null }, { character: null, characterGone: true }] as const)
    expect(read(encodeCharacter(one))).toEqual({ ...session, ...one })
})

test.each([
  '7\n\n{"id":"7","name":"Z","world":""}',
  '7\n\n{"id":"7","name":"Z"}',
  '\nnorth\n{"name":"Z","world":"north"}',
  '\nnorth\n{"id":null,"name":"Z","world":"north"}',
])('2.3 character without world: half a pair that was imported reads as gone (C2, %j)', (half) => {
  expect(read(half)).toEqual({ ...session, character: null, characterGone: true })
})

test('a selection that is no JSON is an outage, never an absence', () => {
  expect(() => read('7\nnorth\n{')).toThrow('test')
})
