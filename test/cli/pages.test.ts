import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { soundWith } from './support/deployment.ts'

const WAVE = '<svg xmlns="http://www.w3.org/2000/svg"><path d="M0 4h8"/></svg>'
const FOLDER = { 'look/style.css': 'body { background: url(wave.svg) }', 'look/wave.svg': WAVE, 'look/.DS_Store': 'x' }

test('pages() writes a folder as a module that the configuration takes', async () => {
  const here = soundWith(FOLDER)
  expect(await here.postern('pages look --dry-run')).toMatchObject({ code: 0 })
  expect(existsSync(join(here.folder, 'pages.gen.ts'))).toBe(false)
  const { code, out } = await here.postern('pages look')
  expect([code, out.trim()]).toEqual([0, 'style.css, 1 file, written to pages.gen.ts'])
  const written = readFileSync(join(here.folder, 'pages.gen.ts'), 'utf8')
  expect(JSON.parse(/= (\{[\s\S]*\})/.exec(written.slice(written.indexOf('> } =')))?.[1] ?? '')).toEqual({
    style: FOLDER['look/style.css'],
    assets: { 'wave.svg': WAVE },
  })
})

test('pages() says what is wrong, and writes nothing', async () => {
  const here = soundWith({ ...FOLDER, 'look/wave.svg': '', 'look/notes.txt': 'x' })
  const { code, err } = await here.postern('pages look')
  expect(code).toBe(1)
  expect(err).toContain('look: PST501 pages.assets.notes.txt must be named with a-z')
  expect(err).toContain('look: PST501 pages.assets.wave.svg must be the text of a drawing')
  expect(existsSync(join(here.folder, 'pages.gen.ts'))).toBe(false)
})

test('pages() of a folder that is not there is a problem around it', async () => {
  const { code, err } = await soundWith({}).postern('pages nowhere')
  expect(code).toBe(3)
  expect(err).toContain('nowhere: PST502 cannot be read')
})

test('pages() mends no style sheet that is not UTF-8, and writes nothing', async () => {
  const here = soundWith(FOLDER)
  writeFileSync(join(here.folder, 'look/style.css'), Uint8Array.from([0x61, 0x7b, 0x7d, 0xe4]))
  const { code, err } = await here.postern('pages look')
  expect(code).toBe(3)
  expect(err).toContain('look: PST502 cannot be read: style.css is not UTF-8')
  expect(existsSync(join(here.folder, 'pages.gen.ts'))).toBe(false)
})
