import { type FSWatcher, statSync, watch } from 'node:fs'
import { join } from 'node:path'
import { policyNames } from './folder.ts'

/** Milliseconds of silence after which an edit counts as finished: editors write in several steps. */
const SETTLE_MS = 150
/** How often the files are compared with what they were. */
const COMPARE_MS = 2_000

/** What tells a file, or a folder, from another in its place; links are followed. */
function stampOf(path: string): string {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs, birthtimeNs } = statSync(path, { bigint: true })
    return [dev, ino, birthtimeNs, size, mtimeNs, ctimeNs].join(' ')
  } catch (error) {
    // WHY: what cannot be looked at is a state too; whoever reads it next says what is wrong with it.
    return String((error as NodeJS.ErrnoException).code)
  }
}

function identityOf(folder: string): string {
  return stampOf(folder).split(' ').slice(0, 3).join(' ')
}

/** What tells one state of the policy files from another. */
function stateOf(folder: string): string {
  try {
    return policyNames(folder)
      .map((name) => `${name} ${stampOf(join(folder, name))}`)
      .join('\n')
  } catch (error) {
    return String((error as NodeJS.ErrnoException).code)
  }
}

/** A watch that is renewed when another folder has the name; it holds on to a folder, not to a name. */
function hintsFrom(folder: string, changed: () => void) {
  let watcher: FSWatcher | null = null
  let held = ''
  const close = () => {
    watcher?.close()
    watcher = null
  }
  return {
    close,
    isCurrent: () => identityOf(folder) === held,
    renew() {
      close()
      held = identityOf(folder)
      try {
        watcher = watch(folder, changed)
        watcher.on('error', close)
      } catch {
        // WHY: a watch only makes it sooner. Without one, be the folder gone or every watch of the machine taken, what
        // changes is seen when the files are compared.
        close()
      }
    },
  }
}

/**
 * Calls `changed` after every finished change of the policy files under a name, one call at a time, and whatever happens
 * to the folder itself: it may be replaced, be gone for a while, be a link that is turned.
 *
 * @param background - takes work nobody waits for
 */
export function watchFolder(
  folder: string,
  background: (work: Promise<void>) => void,
  changed: () => Promise<void>,
): { close(): void } {
  let timer: ReturnType<typeof setTimeout> | undefined
  let known = stateOf(folder)
  let isBusy = false
  const settle = () => {
    clearTimeout(timer)
    timer = setTimeout(() => (isBusy ? settle() : background(look())), SETTLE_MS)
  }
  const hints = hintsFrom(folder, settle)
  const look = async () => {
    // WHY: in this order a change between the two is seen by the new watch.
    hints.renew()
    const now = stateOf(folder)
    if (now === known) return
    known = now
    isBusy = true
    try {
      await changed()
    } finally {
      isBusy = false
    }
  }
  // WHY: a watch tells nothing of a link that is turned, of what a link leads to, nor on many network and shared folders.
  const comparing = setInterval(() => {
    if (!hints.isCurrent() || stateOf(folder) !== known) settle()
  }, COMPARE_MS)
  hints.renew()
  return {
    close() {
      clearTimeout(timer)
      clearInterval(comparing)
      hints.close()
    },
  }
}
