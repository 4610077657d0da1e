import { expect, test } from 'vitest'
import { changed, deployment, soundWith } from './support/deployment.ts'

test('run() suggests the nearest command', async () => {
  const { code, err } = await deployment({}).postern('chekc')
  expect({ code, err }).toEqual({ code: 2, err: "error: unknown command 'chekc'\n(Did you mean check?)" })
})

test('run() suggests the nearest option', async () => {
  const { code, err } = await deployment({}).postern('check --jsno')
  expect({ code, err }).toEqual({ code: 2, err: "error: unknown option '--jsno'\n(Did you mean --json?)" })
})

test('run() names an argument that is missing', async () => {
  const { code, err } = await deployment({}).postern('explain GET')
  expect({ code, err }).toEqual({ code: 2, err: "error: missing required argument 'url'" })
})

test('run() prints help and ends well when asked', async () => {
  const { code, out } = await deployment({}).postern('--help')
  expect(code).toBe(0)
  expect(out).toContain('Usage: postern [options] [command]')
})

test('run() prints the version', async () => {
  const { code, out } = await deployment({}).postern('--version')
  expect(code).toBe(0)
  expect(out).toMatch(/^\d+\.\d+\.\d+$/)
})

test.each(['check', 'test', 'explain GET /', 'routes', 'compile', 'doctor'])(
  'run() prints JSON for programs when files have problems: %s',
  async (line) => {
    const here = soundWith(changed('policies/game.yaml', 'permission: players.edit', 'permission: players.edti'))
    const { code, out } = await here.postern(`${line} --json`)
    expect({ code, ok: JSON.parse(out).ok }).toEqual({ code: 1, ok: false })
    expect(out).toContain('PST204')
  },
)

test('run() prints JSON for programs when the configuration has problems', async () => {
  const here = soundWith(changed('hono.config.ts', "'https://play.example.com'", '7'))
  const { code, out } = await here.postern('config print --json')
  expect({ code, told: JSON.parse(out) }).toMatchObject({
    code: 1,
    told: { ok: false, problems: [{ file: 'hono.config.ts', code: 'PST501', message: 'origin must be text, not 7' }] },
  })
})

test.each([
  ['check --json', 3],
  ['explain GET --json', 2],
  ['chekc --json', 2],
  ['users --json', 2],
  ['users list --json --url ftp://x', 3],
  ['check --format json', 3],
])('run() prints JSON for programs when there is no result: %s', async (line, wanted) => {
  const { code, out, err } = await deployment({}).postern(line)
  expect({ code, told: JSON.parse(out) }).toMatchObject({ code: wanted, told: { ok: false, exit: wanted } })
  expect(err).not.toBe('')
})

test('run() puts nothing but records into an export', async () => {
  const { code, out } = await deployment({}).postern('audit export --json --url ftp://x')
  expect({ code, out }).toEqual({ code: 3, out: '' })
})
