import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { changed, deployment, soundWith } from './support/deployment.ts'

const FROM_ENVIRONMENT = {
  'hono.config.ts': `export default (env) => ({
  origin: env('ORIGIN') ?? 'http://localhost:8787',
  upstreams: { game: { url: 'http://127.0.0.1:' + (env('GAME_PORT') ?? '2567') } },
  session: { idle: '1h' },
  providers: { github: { clientId: 'Iv1.7', clientSecret: { secret: 'GITHUB_CLIENT_SECRET' } } },
})
`,
}

interface Row {
  readonly path: string
  readonly value: string
  readonly origin: string
}

async function rows(env: Readonly<Record<string, string>>): Promise<ReadonlyMap<string, Row>> {
  const { out } = await soundWith(FROM_ENVIRONMENT).postern('config print --json', env)
  const { values } = JSON.parse(out) as { readonly values: readonly Row[] }
  return new Map(values.map((row) => [row.path, row]))
}

test('configPrint() says where each value comes from (O6)', async () => {
  const known = await rows({ ORIGIN: 'https://play.example.com' })
  expect(known.get('origin')).toMatchObject({ value: '"https://play.example.com"', origin: 'ORIGIN (environment)' })
  expect(known.get('upstreams.game.url')).toMatchObject({ value: '"http://127.0.0.1:2567"', origin: 'hono.config.ts' })
  expect(known.get('session.idle')).toMatchObject({ value: '3600 s', origin: 'hono.config.ts' })
  expect(known.get('session.absolute')).toMatchObject({ value: '604800 s', origin: 'default' })
})

test('configPrint() names the file a value comes from', async () => {
  const here = soundWith({ ...FROM_ENVIRONMENT, '.dev.vars': 'ORIGIN="https://dev.example.com"\n', port: '9999\n' })
  const { out } = await here.postern('config print', { GAME_PORT_FILE: 'port' })
  expect(out).toMatch(/^origin +"https:\/\/dev\.example\.com" +ORIGIN \(\.dev\.vars\)$/m)
  expect(out).toMatch(/^upstreams\.game\.url +"http:\/\/127\.0\.0\.1:9999" +GAME_PORT \(file port\)$/m)
})

test('configPrint() shows of a secret only that it is there and how long it is (O6)', async () => {
  const { out } = await soundWith(FROM_ENVIRONMENT).postern('config print', { GITHUB_CLIENT_SECRET: 'hush-hush-hush' })
  expect(out).not.toContain('hush')
  expect(out).toMatch(
    /^providers\.github\.clientSecret +secret GITHUB_CLIENT_SECRET: set, 14 characters +environment$/m,
  )
})

test('configPrint() shows of a page of the operator how large it is', async () => {
  const page =
    '<!doctype html>{{head}}<title>{{title}}</title><h1 {{focus}}>{{heading}} é</h1>{{body}}{{actions}}{{more}}'
  const { out } = await soundWith(
    changed('hono.config.ts', 'upstreams: {', `pages: { templates: { '*': '${page}' } }, upstreams: {`),
  ).postern('config print')
  expect(out).toMatch(/^pages\.templates\.\* +document of 107 bytes +hono\.config\.ts$/m)
  expect(out).not.toContain('doctype')
})

test('configPrint() says that a secret is not there', async () => {
  const { out } = await soundWith(FROM_ENVIRONMENT).postern('config print')
  expect(out).toContain('secret GITHUB_CLIENT_SECRET: not set')
})

test('configPrint() uses only words that an author can write', async () => {
  const words = new Set(
    [
      ...readFileSync(new URL('../../src/config/define.ts', import.meta.url), 'utf8').matchAll(/readonly (\w+)\??:/g),
    ].map(([, name]) => name),
  )
  const strangers = [...(await rows({})).keys()]
    .flatMap((path) =>
      path
        .replace(/^(upstreams|providers)\.\w+\./, '')
        .replace(/^adminPermissions\.\w+$/, 'adminPermissions')
        .split('.'),
    )
    .filter((word) => !words.has(word))
  expect(strangers).toEqual([])
})

test('configPrint() prints the problems of a configuration instead', async () => {
  const { code, out, err } = await soundWith(changed('hono.config.ts', "'https://play.example.com'", '7')).postern(
    'config print',
  )
  expect({ code, out, err }).toEqual({ code: 1, out: '', err: 'hono.config.ts: PST501 origin must be text, not 7' })
})

test('configPrint() is suggested for a typo', async () => {
  const { code, err } = await deployment({}).postern('config pritn')
  expect(code).toBe(2)
  expect(err).toContain('(Did you mean print?)')
})
