import { mkdirSync, mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { FileMap } from './house.ts'

/** Root of this repository. */
export const ROOT: string = fileURLToPath(new URL('../../../', import.meta.url))

const SKIPPED: ReadonlySet<string> = new Set(['node_modules', '.git', '.wrangler', '.postern', '.demo', 'dist'])

/** All text files below some folders or files of a root; missing ones are no files. */
export function readTree(root: string, tops: readonly string[]): FileMap {
  const files = new Map<string, string>()
  const visit = (path: string): void => {
    if (statSync(join(root, path)).isFile()) files.set(path, readFileSync(join(root, path), 'utf8'))
    else for (const name of readdirSync(join(root, path))) if (!SKIPPED.has(name)) visit(`${path}/${name}`)
  }
  const present = new Set(readdirSync(root))
  for (const top of tops) if (present.has(top)) visit(top)
  return files
}

/** Writes a tree into a fresh folder of the system's temporary folder and answers where it is. */
export function plant(files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), 'postern-house-'))
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  return root
}
