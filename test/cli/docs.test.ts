import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { type Deployment, deployment } from './support/deployment.ts'
import { deadAddress } from './support/machines.ts'

const page = readFileSync(new URL('../../docs/cli.md', import.meta.url), 'utf8')
const fences = [...page.matchAll(/^```(.*)\n([\s\S]*?)^```$/gm)].map(([, info = '', text = '']) => ({ info, text }))
const files = Object.fromEntries(
  fences.flatMap(({ info, text }) => {
    const [, path] = /^(?:ts|yaml) (\S+)$/.exec(info) ?? []
    return path === undefined ? [] : [[path, text]]
  }),
)
const examples = fences.filter(({ info }) => info.startsWith('console'))

/** The setting of one example: `empty`, `env NAME=value`, or `sed FILE OLD -> NEW`. */
async function settingOf(info: string): Promise<{ here: Deployment; env: Record<string, string> }> {
  const { port } = new URL(await deadAddress())
  const here = deployment(info === 'console empty' ? {} : files)
  const [, name, value] = /^console env (\w+)=(.*)$/.exec(info) ?? []
  const [, path = '', from = '', to = ''] = /^console sed (\S+) (.*) -> (.*)$/.exec(info) ?? []
  if (path !== '') {
    await here.postern('compile')
    const [old, fresh] = [from, to].map((text) => text.replaceAll('\\n', '\n')) as [string, string]
    expect(here.read(path)).toContain(old)
    here.write(path, here.read(path).replace(old, fresh))
  }
  return { here, env: { PORT: port, ...(name === undefined ? {} : { [name]: value ?? '' }) } }
}

/** What an example prints, with `…` for anything: a line of its own for any lines. */
function pattern(text: string): RegExp {
  const lines = text.split('\n').map((line) => {
    if (line === '…') return '(?:.*\\n)*?'
    return `${line
      .split('…')
      .map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'))
      .join('.*')}\\n`
  })
  return new RegExp(`^${lines.join('')}$`)
}

test('docs/cli.md has its files and examples', () => {
  expect(Object.keys(files)).toEqual(['hono.config.ts', 'policies/roles.yaml', 'policies/game.yaml'])
  expect(examples).toHaveLength(12)
})

test.each(examples)('docs/cli.md: the example prints what the page says: $text', async ({ info, text }) => {
  const { here, env } = await settingOf(info)
  for (const step of text.split(/^\$ postern /m).slice(1)) {
    const [line = '', ...shown] = step.trimEnd().split('\n')
    const { out, err } = await here.postern(line, env)
    expect(`${[out, err].filter((part) => part !== '').join('\n')}\n`).toMatch(pattern(shown.join('\n')))
  }
})

test('docs/cli.md has a section for every command, with every option', async () => {
  const { out } = await deployment({}).postern('--help')
  const commands = [...out.matchAll(/^ {2}([a-z]+)(?: \[options\]|$| )/gm)].map(([, name = '']) => name)
  const known = commands.filter((name) => !['help', 'config', 'keys'].includes(name))
  expect(known.length).toBeGreaterThanOrEqual(8)
  const lines = [...known, 'config print', 'keys generate']
  const missing: string[] = []
  for (const name of lines) {
    if (!page.includes(`\n## ${name}\n`)) missing.push(name)
    const help = (await deployment({}).postern(`${name} --help`)).out
    for (const [, option = ''] of help.matchAll(/^ {2}(?:-\w, )?(--[a-z-]+)/gm)) {
      if (option !== '--help' && !page.includes(option)) missing.push(`${name} ${option}`)
    }
  }
  expect(missing).toEqual([])
})
