import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parsePages } from '../../config/parse-pages.ts'
import { type ConfigProblem, Reader } from '../../config/reader.ts'
import { counted } from '../count.ts'
import { printJson } from '../formats.ts'
import { EnvironmentProblem, EXIT, type ExitCode, type Io } from '../io.ts'

/** Options of `postern pages`. */
export interface PagesOptions {
  readonly folder: string
  readonly out: string
  readonly dryRun: boolean
  readonly json: boolean
}

/** Where the module goes unless told otherwise. */
export const PAGES_PATH = 'pages.gen.ts'
const SHEET = 'style.css'

interface Look {
  readonly style?: string
  readonly assets: Readonly<Record<string, string>>
}

// WHY: a letter that is replaced in silence is a name or a word that is wrong on every page.
function utf8Of(name: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new Error(`${name} is not UTF-8: save it as such`)
  }
}

function readLook(io: Io, folder: string): Look {
  const root = resolve(io.cwd, folder)
  try {
    // WHY: what begins with a dot belongs to an editor or to the system.
    const names = readdirSync(root)
      .filter((name) => !name.startsWith('.'))
      .sort()
    const contentOf = (name: string) => {
      const bytes = readFileSync(join(root, name))
      return name.endsWith('.svg') || name === SHEET ? utf8Of(name, bytes) : bytes.toString('base64')
    }
    const assets = names.filter((name) => name !== SHEET).map((name) => [name, contentOf(name)] as const)
    return { ...(names.includes(SHEET) ? { style: contentOf(SHEET) } : {}), assets: Object.fromEntries(assets) }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new EnvironmentProblem(
      `${folder}: PST502 cannot be read: ${reason}; name a folder with ${SHEET}, images and fonts, and no folders in it`,
    )
  }
}

function write(io: Io, { folder, out }: PagesOptions, look: Look): void {
  const text = `// Written by \`postern pages ${folder}\`; run it again after a change in that folder.
/** Style sheet, images and fonts of our own pages. */
export const PAGES: { readonly style?: string; readonly assets: Readonly<Record<string, string>> } = ${JSON.stringify(look, null, 2)}
`
  try {
    writeFileSync(resolve(io.cwd, out), text)
  } catch (error) {
    throw new EnvironmentProblem(`${out}: PST503 cannot be written: ${error instanceof Error ? error.message : error}`)
  }
}

/** Writes the style sheet, images and fonts of a folder as a module that every runtime reads, once they pass the check. */
export function pages(io: Io, options: PagesOptions): ExitCode {
  const { folder, out, dryRun, json } = options
  const look = readLook(io, folder)
  const problems: ConfigProblem[] = []
  parsePages(new Reader(look, 'pages', problems), '/auth')
  if (problems.length > 0) {
    if (json) printJson(io, { ok: false, out, problems })
    else for (const { path, message } of problems) io.err(`${folder}: PST501 ${path} ${message}`)
    return EXIT.findings
  }
  if (!dryRun) write(io, options, look)
  const files = Object.keys(look.assets).length
  const outcome = dryRun ? 'not written (--dry-run)' : `written to ${out}`
  if (json) printJson(io, { ok: true, out, outcome, style: look.style !== undefined, files })
  else io.out(`${look.style === undefined ? 'no style.css' : 'style.css'}, ${counted(files, 'file')}, ${outcome}`)
  return EXIT.ok
}
