import { describe, expect, test } from 'vitest'
import { secret } from '../../src/config/define.ts'
import { parseConfig } from '../../src/config/parse.ts'
import { readSecrets } from '../../src/config/secrets.ts'
import type { Config } from '../../src/ports/config.ts'
import { google, SMALLEST } from './support/inputs.ts'

function configOf(more: Readonly<Record<string, unknown>>): Config {
  const parsed = parseConfig({ ...SMALLEST, ...more })
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.fault))
  return parsed.value
}

const WITH_GOOGLE = configOf({ providers: { google } })
const WITH_REDIS = configOf({ store: { kind: 'redis', url: secret('REDIS_URL') } })
const WITH_UPSTASH = configOf({
  store: { kind: 'upstash', url: secret('UPSTASH_URL'), token: secret('UPSTASH_TOKEN') },
})
const ROOT = 'r'.repeat(32)

function problemsOf(config: Config, environment: Readonly<Record<string, string>>): readonly string[] {
  const read = readSecrets(config, (name) => environment[name])
  return read.ok ? [] : read.fault.map(({ path, message }) => `${path} ${message}`)
}

describe('readSecrets()', () => {
  test('answers the secrets that are named, and no others', () => {
    const read = readSecrets(WITH_GOOGLE, (name) => ({ GOOGLE_CLIENT_SECRET: 'GOCSPX-abc', OTHER: 'x' })[name])
    expect(read.ok && [...read.value]).toEqual([['GOOGLE_CLIENT_SECRET', 'GOCSPX-abc']])
  })

  test('needs none on the embedded store without providers', () => {
    expect(problemsOf(configOf({}), {})).toEqual([])
  })

  test('names every missing secret, who needs it, and how to give it', () => {
    expect(problemsOf(WITH_UPSTASH, {})).toEqual([
      'UPSTASH_URL is not set, but store.url needs it: set UPSTASH_URL, or UPSTASH_URL_FILE to the path of a file that holds it',
      'POSTERN_ROOT_SECRET is not set, but store (required with Redis) needs it: set POSTERN_ROOT_SECRET, or POSTERN_ROOT_SECRET_FILE to the path of a file that holds it',
      'UPSTASH_TOKEN is not set, but store.token needs it: set UPSTASH_TOKEN, or UPSTASH_TOKEN_FILE to the path of a file that holds it',
    ])
  })

  // DECISIONS 11: required with Redis, made on first run on embedded stores.
  test('needs the root secret with Redis', () => {
    expect(problemsOf(WITH_REDIS, { REDIS_URL: 'redis://127.0.0.1:6379' })[0]).toMatch(
      /^POSTERN_ROOT_SECRET is not set/,
    )
  })

  test('takes a root secret of 32 characters and none of 31', () => {
    expect(problemsOf(configOf({}), { POSTERN_ROOT_SECRET: ROOT })).toEqual([])
    expect(problemsOf(configOf({}), { POSTERN_ROOT_SECRET: ROOT.slice(1) })).toEqual([
      'POSTERN_ROOT_SECRET has 31 characters: at least 32 random ones are needed',
    ])
  })
})

// research: users.md section 4, the mistakes a newcomer makes; here those only the secrets show.
describe('seeded mistakes', () => {
  test.each<[string, Config, Readonly<Record<string, string>>, RegExp]>([
    ['quoted secret', WITH_GOOGLE, { GOOGLE_CLIENT_SECRET: '"GOCSPX-abc"' }, /has quotes around it: remove them/],
    ['secret in single quotes', WITH_GOOGLE, { GOOGLE_CLIENT_SECRET: "'GOCSPX-abc'" }, /has quotes around it/],
    ['trailing newline', WITH_GOOGLE, { GOOGLE_CLIENT_SECRET: 'GOCSPX-abc\n' }, /has blanks or a line break at an end/],
    ['empty secret', WITH_GOOGLE, { GOOGLE_CLIENT_SECRET: '' }, /is empty/],
    ['id as secret', WITH_GOOGLE, { GOOGLE_CLIENT_SECRET: google.clientId }, /is a client id, not a secret/],
    [
      'client secret as root secret',
      WITH_GOOGLE,
      { GOOGLE_CLIENT_SECRET: ROOT, POSTERN_ROOT_SECRET: ROOT },
      /^POSTERN_ROOT_SECRET is also used as another secret/,
    ],
    [
      'store URL without TLS',
      WITH_REDIS,
      { REDIS_URL: 'redis://eu1.upstash.io:6379', POSTERN_ROOT_SECRET: ROOT },
      /needs TLS: write rediss:\/\//,
    ],
    [
      'REST address for the TCP store',
      WITH_REDIS,
      { REDIS_URL: 'https://eu1.upstash.io', POSTERN_ROOT_SECRET: ROOT },
      /must begin with redis:\/\/ or rediss:\/\/; for an https:\/\/ address use store kind "upstash"/,
    ],
    [
      'TCP address for the REST store',
      WITH_UPSTASH,
      { UPSTASH_URL: 'rediss://eu1.upstash.io', UPSTASH_TOKEN: 't', POSTERN_ROOT_SECRET: ROOT },
      /must be the https:\/\/ address of the REST interface/,
    ],
    [
      'plain http to a REST store whose name begins like loopback',
      WITH_UPSTASH,
      { UPSTASH_URL: 'http://localhost.attacker.example', UPSTASH_TOKEN: 't', POSTERN_ROOT_SECRET: ROOT },
      /must be the https:\/\/ address of the REST interface/,
    ],
  ])('%s gives one message that says what would be right', (_, config, environment, message) => {
    const problems = problemsOf(config, environment)
    expect(problems).toHaveLength(1)
    expect(problems[0]).toMatch(message)
  })

  test.each([
    ['pss_a-static-token-0123456789', 'pss_'],
    ['a-static-token-0123456789,pst_another-0123456789', 'pst_'],
    ['a static token 0123456789', 'a blank'],
  ])('a static token that could never match is refused: %s', (value, what) => {
    const config = configOf({
      staticTokens: [{ name: 'robot', secret: secret('ROBOT_TOKEN'), permissions: ['play_game'] }],
    })
    const [problem, ...more] = problemsOf(config, { ROBOT_TOKEN: value })
    expect(problem).toMatch(/^ROBOT_TOKEN .*for staticTokens "robot"/)
    expect([problem?.includes(what), problem?.includes('0123456789'), more]).toEqual([true, false, []])
    expect(problemsOf(config, { ROBOT_TOKEN: 'a-static-token-0123456789,its-successor-0123456789' })).toEqual([])
  })

  test('no message shows a secret', () => {
    const value = ' "GOCSPX-do-not-show" '
    expect(problemsOf(WITH_GOOGLE, { GOOGLE_CLIENT_SECRET: value }).join()).not.toContain('do-not-show')
  })

  test('a Redis on this machine needs no TLS', () => {
    expect(problemsOf(WITH_REDIS, { REDIS_URL: 'redis://127.0.0.1:6379', POSTERN_ROOT_SECRET: ROOT })).toEqual([])
  })
})
