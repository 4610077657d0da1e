import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { unitOf } from '../support/shipment.ts'

// docs/operations.md, "Deploying", against the samples it walks through; test/runtime/shipped.test.ts runs them.

const page = readFileSync('docs/operations.md', 'utf8')
const chapter = page.slice(page.indexOf('## Deploying'), page.indexOf('## The operator door'))
const commands = [...chapter.matchAll(/^```\n([\s\S]*?)^```$/gm)]
  .flatMap(([, text = '']) => text.replaceAll(/\\\n\s*/g, '').split('\n'))
  .map((line) => line.replace(/\s+#.*$/, '').trim())
  .filter((line) => line !== '')

describe('docs/operations.md, Deploying', () => {
  test('has a walk-through for every place it can run', () => {
    const headings = [...chapter.matchAll(/^### (.*)$/gm)].map(([, heading]) => heading)
    expect(headings).toEqual([
      'Node, with systemd',
      'Node, in a container',
      'Deno',
      'Cloudflare Workers',
      "workerd of one's own",
    ])
    expect(commands.length).toBeGreaterThan(12)
  })

  test('names only files of this repository', () => {
    const named = commands.flatMap((line) => [
      ...[...line.matchAll(/\/opt\/postern\/([\w./-]+)/g)].map(([, path = '']) => path),
      ...[...line.matchAll(/(?<![\w/])((?:bin|deploy|src)\/[\w./-]+)/g)].map(([, path = '']) => path),
    ])
    expect(named.length).toBeGreaterThan(6)
    expect(named.filter((path) => !path.endsWith('/out') && !existsSync(path))).toEqual([])
  })

  test('says the commands that the samples say of themselves', () => {
    const [docker = ''] = /docker build .*(?=$)/m.exec(readFileSync('deploy/docker/Dockerfile', 'utf8')) ?? []
    expect(commands).toContain(docker)
    const served = readFileSync('deploy/workerd/config.capnp', 'utf8').match(/(?<=^# {3})npx .*$/gm) ?? []
    expect(served).toHaveLength(2)
    for (const line of served) expect(commands).toContain(line)
  })

  test('gives Deno the rights and V8 the flags of its task, writing where the unit may', () => {
    const { tasks } = JSON.parse(readFileSync('deno.json', 'utf8')) as { tasks: { start: string } }
    const rights = (line: string) => line.match(/--allow-\w+|--v8-flags=\S+/g)?.toSorted()
    const line = commands.find((text) => text.includes('src/runtime/deno.ts')) ?? ''
    expect(rights(tasks.start)).toContain('--v8-flags=--no-flush-bytecode,--no-memory-reducer,--max-semi-space-size=8')
    expect(rights(line)).toEqual(rights(tasks.start))
    expect(line).toContain(
      `--allow-write=/var/lib/${unitOf('deploy/systemd/postern.service').get('StateDirectory')?.[0]}`,
    )
  })

  test('names a place for every secret that the samples read', () => {
    const unit = unitOf('deploy/systemd/postern.service')
    const loaded = (unit.get('LoadCredential') ?? []).map((line) => line.split(':')[0])
    const read = (unit.get('Environment') ?? []).flatMap((line) => /^(\w+)_FILE=%d\/\1$/.exec(line)?.[1] ?? [])
    expect(read).toEqual(loaded)
    const bound = readFileSync('deploy/workerd/config.capnp', 'utf8').matchAll(/fromEnvironment = "(\w+)"/g)
    expect([...bound].map(([, name]) => name).toSorted()).toEqual(loaded.toSorted())
  })
})
