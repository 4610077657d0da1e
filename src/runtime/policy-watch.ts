import { type FSWatcher, watch } from 'node:fs'
import { resolve } from 'node:path'
import type { Config } from '../ports/config.ts'
import { compileChecked, FolderProblem } from './folder.ts'
import type { PolicySource } from './policy-source.ts'

/** Milliseconds of silence after which an edit counts as finished: editors write in several steps. */
const SETTLE_MS = 150

/** Reloads the policies of a folder while serving: parse, lint, run the tests, then switch; never half of a change. */
export function watchPolicies(folder: string, config: Config, source: PolicySource): { close(): void } {
  let timer: ReturnType<typeof setTimeout> | null = null
  const reload = async () => {
    try {
      source.useOwn(await compileChecked(folder, config))
    } catch (error) {
      if (!(error instanceof FolderProblem)) throw error
      source.refuse(error.message)
    }
  }
  const watcher: FSWatcher = watch(resolve(folder, config.policies), () => {
    if (timer !== null) clearTimeout(timer)
    timer = setTimeout(() => void reload(), SETTLE_MS)
  })
  return {
    close() {
      if (timer !== null) clearTimeout(timer)
      watcher.close()
    },
  }
}
