import { createHash } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { Script } from '../../../src/adapters/redis/driver.ts'

const folder = new URL('../../../src/adapters/redis/scripts/', import.meta.url)

function isScript(value: unknown): value is Script {
  return typeof value === 'object' && value !== null && 'sha' in value && 'source' in value
}

/** Every script that stands in the folder. */
async function everyScript(): Promise<readonly Script[]> {
  const scripts: Script[] = []
  for (const file of readdirSync(folder)) {
    const room: object = await import(new URL(file, folder).href)
    scripts.push(...Object.values(room).filter(isScript))
  }
  return scripts
}

test('every script carries the SHA-1 of its own text', async () => {
  const scripts = await everyScript()
  expect(scripts.length).toBeGreaterThan(40)
  const wrong = scripts.filter(({ sha, source }) => createHash('sha1').update(source).digest('hex') !== sha)
  expect(wrong.map(({ name }) => name)).toEqual([])
})

test('no two scripts share a name or a text', async () => {
  const scripts = await everyScript()
  expect(new Set(scripts.map(({ name }) => name)).size).toBe(scripts.length)
  expect(new Set(scripts.map(({ sha }) => sha)).size).toBe(scripts.length)
})

test('no script looks at the clock, draws lots or reaches for a key it was not given', async () => {
  const scripts = await everyScript()
  const ambient = /redis\.call\('TIME'|math\.random|os\.(?:time|clock)|KEYS\[\d+\]\s*\.\.|redis\.call\('(?:SCAN|KEYS)'/
  expect(scripts.filter(({ source }) => ambient.test(source)).map(({ name }) => name)).toEqual([])
})
