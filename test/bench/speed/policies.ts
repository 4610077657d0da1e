import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from './root.ts'

/** Writes the shipped policies and so many rules more, each for signed-in players with a permission; answers their folder. */
export function policiesIn(base: string, count: number): string {
  const folder = join(base, `policies-${count}`)
  mkdirSync(folder, { recursive: true })
  for (const name of ['roles.yaml', 'game.yaml']) copyFileSync(join(ROOT, 'policies', name), join(folder, name))
  const rules = ['upstream: game', 'rules:']
  for (let i = 0; i < count; i++)
    rules.push(`  - { path: "/area${i % 97}/part${i}/:id", methods: GET, guest: allow, permission: content.view }`)
  writeFileSync(join(folder, 'many.yaml'), `${rules.join('\n')}\n`)
  return folder
}
