import { describe, expect, test } from 'vitest'
import { secret } from '../../src/config/define.ts'
import { parseConfig } from '../../src/config/parse.ts'
import { SMALLEST } from './support/inputs.ts'

function clientsWith(nativeClients: unknown) {
  const result = parseConfig({ ...SMALLEST, nativeClients })
  if (!result.ok) throw new Error(JSON.stringify(result.fault))
  return result.value.nativeClients
}

function problemsWith(nativeClients: unknown): readonly string[] {
  const result = parseConfig({ ...SMALLEST, nativeClients })
  return result.ok ? [] : result.fault.map(({ path, message }) => `${path} ${message}`)
}

describe('nativeClients', () => {
  test('are none unless named', () => expect(clientsWith(undefined)).toEqual([]))

  test('may use both flows unless narrowed', () => {
    expect(clientsWith([{ id: 'lantern-tv', name: 'Lantern for TV' }])).toEqual([
      { id: 'lantern-tv', name: 'Lantern for TV', flows: ['device', 'loopback'] },
    ])
    expect(clientsWith([{ id: 'a', name: 'A', flows: ['loopback'] }])[0]?.flows).toEqual(['loopback'])
  })

  test('have all their problems told at once, with what was meant', () => {
    const problems = problemsWith([
      { id: 'Lantern TV', name: 'x'.repeat(61), flows: ['devise'], colour: 'red' },
      { id: 'a', name: 'A', flows: [] },
      { id: 'a', nmae: 'B', clientSecret: secret('A_SECRET') },
    ])
    expect(problems).toEqual([
      'nativeClients.0.flows.0 must be one of device, loopback, not "devise"; did you mean "device"?',
      'nativeClients.0.id must be at most 32 of a-z, 0-9, dot, _ and -, not "Lantern TV"',
      'nativeClients.0.name must be at most 60 characters: players read it before they allow it',
      'nativeClients.0.colour is not a known setting',
      'nativeClients.1.flows must not be empty: leave it out for both',
      'nativeClients.2.name must be text, not nothing',
      'nativeClients.2.clientSecret must be left out: what is in every copy of a game is no secret (RFC 8252 section 8.5)',
      'nativeClients.2.nmae is not a known setting; did you mean "name"?',
      'nativeClients.2.id "a" is also nativeClients.1: each client has its own id',
    ])
  })
})
