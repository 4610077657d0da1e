import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseEnv } from 'node:util'
import type { Io } from './io.ts'

/** A setting or secret of the environment, and where it was found. */
export interface Setting {
  readonly value: string
  /** `environment`, `file <path>`, or `.dev.vars`. */
  readonly origin: string
}

/** Looks up a setting; null when it is nowhere. */
export type Settings = (name: string) => Setting | null

/** The file with the secrets of development, which `init` writes and wrangler reads. */
export const VARS_FILE = '.dev.vars'

/** The environment of a command: variables, then files that `<NAME>_FILE` names, then `.dev.vars` of the folder. */
export function settingsOf(io: Io): Settings {
  const path = resolve(io.cwd, VARS_FILE)
  let vars: Readonly<Record<string, string | undefined>> | null = null
  return (name) => {
    const value = io.env[name]
    if (value !== undefined) return { value, origin: 'environment' }
    const file = io.env[`${name}_FILE`]
    if (file !== undefined && existsSync(resolve(io.cwd, file))) {
      const text = readFileSync(resolve(io.cwd, file), 'utf8')
      return { value: text.replace(/\r?\n$/, ''), origin: `file ${file}` }
    }
    vars ??= existsSync(path) ? parseEnv(readFileSync(path, 'utf8')) : {}
    const kept = vars[name]
    return kept === undefined ? null : { value: kept, origin: VARS_FILE }
  }
}
