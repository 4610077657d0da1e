import { createPrivateKey } from 'node:crypto'
import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { expect, test } from 'vitest'
import { ensureSecrets, environmentOf } from '../../src/cli/dev/secrets.ts'
import type { Io } from '../../src/cli/io.ts'
import { parseConfig } from '../../src/config/parse.ts'
import type { Config } from '../../src/ports/config.ts'
import { deployment } from './support/deployment.ts'

function configOf(more: Readonly<Record<string, unknown>>): Config {
  const upstreams = { game: { url: 'http://127.0.0.1:2567' } }
  const parsed = parseConfig({ origin: 'http://localhost:8787', upstreams, ...more })
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.fault))
  return parsed.value
}

function ioOf(cwd: string, env: Io['env'] = {}): Io {
  return { cwd, env, reader: 'program', out: () => undefined, err: () => undefined }
}

const GOOGLE = { google: { clientId: '7', clientSecret: { secret: 'GOOGLE_CLIENT_SECRET' } } }
const TOKEN = { staticTokens: [{ name: 'bot', secret: { secret: 'BOT_TOKEN' }, permissions: ['a'] }] }

test('ensureSecrets() makes what is missing and nobody else has to know, readable by its owner alone', () => {
  const here = deployment({})
  expect(ensureSecrets(ioOf(here.folder), configOf(TOKEN)).made).toEqual(['POSTERN_OPERATOR_KEY', 'BOT_TOKEN'])
  expect(statSync(join(here.folder, '.dev.vars')).mode & 0o777).toBe(0o600)
  const kept = parseEnv(here.read('.dev.vars'))
  expect(kept['POSTERN_OPERATOR_KEY']).toMatch(/^[\w-]{43}$/)
  expect(kept['BOT_TOKEN']).not.toBe(kept['POSTERN_OPERATOR_KEY'])
})

test('ensureSecrets() tells which of those it made somebody else has to know, too', () => {
  const upstreams = {
    game: {
      url: 'http://127.0.0.1:2567',
      sign: 'message',

      messageSecret: { secret: 'SIGN' },
    },
  }
  const { made, shared } = ensureSecrets(ioOf(deployment({}).folder), configOf({ ...TOKEN, upstreams }))
  expect({ made, shared }).toEqual({
    made: ['POSTERN_OPERATOR_KEY', 'SIGN', 'BOT_TOKEN'],
    shared: ['SIGN', 'BOT_TOKEN'],
  })
})

test('ensureSecrets() changes nothing that is there, and makes nothing twice', () => {
  const here = deployment({ '.dev.vars': 'BOT_TOKEN="mine"\n# a comment' })
  ensureSecrets(ioOf(here.folder), configOf(TOKEN))
  const after = here.read('.dev.vars')
  expect(after.startsWith('BOT_TOKEN="mine"\n# a comment\nPOSTERN_OPERATOR_KEY="')).toBe(true)
  expect(ensureSecrets(ioOf(here.folder), configOf(TOKEN)).made).toEqual([])
  expect(here.read('.dev.vars')).toBe(after)
})

test('ensureSecrets() writes nothing where the environment has everything', () => {
  const here = deployment({ token: 'from a file\n' })
  const env = { POSTERN_OPERATOR_KEY: 'x'.repeat(43), BOT_TOKEN_FILE: 'token' }
  expect(ensureSecrets(ioOf(here.folder, env), configOf(TOKEN)).made).toEqual([])
  expect(existsSync(join(here.folder, '.dev.vars'))).toBe(false)
})

// WHY: the embedded store made a root secret of its own, and another one would sign everybody out.
test('ensureSecrets() makes a root secret only for a store that has none of its own', () => {
  const store = { kind: 'redis', url: { secret: 'REDIS_URL' } }
  expect(ensureSecrets(ioOf(deployment({}).folder), configOf({})).made).not.toContain('POSTERN_ROOT_SECRET')
  const { made, standIns } = ensureSecrets(ioOf(deployment({}).folder), configOf({ store }))
  expect({ made, standIns }).toEqual({ made: ['POSTERN_OPERATOR_KEY', 'POSTERN_ROOT_SECRET'], standIns: {} })
})

test('ensureSecrets() has stand-ins for the secrets of providers, and writes none down', () => {
  const here = deployment({})
  const apple = {
    clientId: '8',
    clientSecret: { secret: 'APPLE_PRIVATE_KEY' },
    options: { teamId: 'A1B2C3D4E5', keyId: 'F6G7H8I9J0' },
  }
  const { standIns } = ensureSecrets(ioOf(here.folder), configOf({ providers: { ...GOOGLE, apple } }))
  expect(Object.keys(standIns)).toEqual(['GOOGLE_CLIENT_SECRET', 'APPLE_PRIVATE_KEY'])
  expect(createPrivateKey(standIns['APPLE_PRIVATE_KEY'] ?? '').asymmetricKeyType).toBe('ec')
  expect(here.read('.dev.vars')).not.toContain('CLIENT_SECRET')
})

test('environmentOf() prefers the environment to .dev.vars, and both to a stand-in', () => {
  const here = deployment({ '.dev.vars': 'A=vars\nB=vars\nC=vars\n', c: 'file' })
  const io = ioOf(here.folder, { A: 'environment', C_FILE: 'c' })
  expect(environmentOf(io, { made: [], shared: [], standIns: { B: 'stand-in', D: 'stand-in' } })).toEqual({
    A: 'environment',
    B: 'vars',
    C_FILE: 'c',
    D: 'stand-in',
  })
})
