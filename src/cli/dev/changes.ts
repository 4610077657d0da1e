import { existsSync, readFileSync, watch } from 'node:fs'
import { join } from 'node:path'

/** Milliseconds of silence after which an edit counts as finished: editors write in several steps. */
const SETTLE_MS = 150

/** Tells when files of a folder say something else than before. */
export interface Changes {
  /** Resolves at the next change. */
  next(): Promise<'changed'>
  /** What the files say now is known. */
  accept(): void
  close(): void
}

/** Watches these files, whether or not they are there yet. */
export function watchFiles(folder: string, names: readonly string[]): Changes {
  const read = () =>
    names.map((name) => (existsSync(join(folder, name)) ? readFileSync(join(folder, name), 'utf8') : ''))
  let known = read().join('\0')
  let timer: ReturnType<typeof setTimeout> | null = null
  let wake: () => void = () => undefined
  const look = () => {
    if (read().join('\0') !== known) wake()
  }
  // WHY: the folder, not the files: editors put a new file in the place of the old one.
  const watcher = watch(folder, (_event, name) => {
    if (name === null || !names.includes(name)) return
    if (timer !== null) clearTimeout(timer)
    timer = setTimeout(look, SETTLE_MS)
  })
  return {
    next: () =>
      new Promise((resolve) => {
        wake = () => resolve('changed')
        look()
      }),
    accept() {
      known = read().join('\0')
    },
    close() {
      if (timer !== null) clearTimeout(timer)
      watcher.close()
    },
  }
}
