import { expect, test } from 'vitest'
import { changed, deployment, soundWith } from './support/deployment.ts'

test('routes() prints who may use which route', async () => {
  const { code, out } = await deployment().postern('routes')
  expect(code).toBe(0)
  expect(out.split('\n')).toEqual([
    'route               nobody  player  editor  boss',
    '* /                 yes     yes     yes     yes',
    '* /admin/*          -       -       -       yes',
    '* /play             -       yes     yes     yes',
    'GET /players        -       yes     yes     yes',
    'GET /players/:id    -       yes     yes     yes',
    'PATCH /players/:id  -       -       yes     yes',
  ])
})

test('routes() keeps to one role', async () => {
  const { out } = await deployment().postern('routes --role nobody')
  expect(out.split('\n')).toEqual(['route  nobody', '* /    yes'])
})

test('routes() lists what each rule asks for and where it stands', async () => {
  const { out } = await deployment().postern('routes --list')
  expect(out).toContain(
    'PATCH /players/:id -> game\n    session; players.edit; a character\n    for editor, boss  (policies/game.yaml:13)',
  )
})

test('routes() prints JSON for programs', async () => {
  const { out } = await deployment().postern('routes --json')
  const told = JSON.parse(out)
  expect(told.callers).toEqual(['nobody', 'player', 'editor', 'boss'])
  expect(told.routes[1]).toMatchObject({ id: '* /admin/*', file: 'policies/game.yaml', line: 18, who: ['boss'] })
})

test('routes() names a role nobody knows', async () => {
  const { code, err } = await deployment().postern('routes --role bos')
  expect({ code, err }).toEqual({ code: 2, err: '--role: unknown role "bos"; did you mean "boss"?' })
})

test('routes() says where an ordinary request does not tell', async () => {
  const here = soundWith(changed('policies/game.yaml', 'path: /play\n', 'path: /play\n    when: user.emailVerified\n'))
  const { out } = await here.postern('routes --role player')
  expect(out.split('\n')).toContain('* /play           ?')
  expect(out.split('\n').at(-1)).toBe(
    '?  depends on more than an ordinary request shows, such as a condition; --list and explain say on what',
  )
})
