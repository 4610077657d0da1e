import { chmodSync, closeSync, existsSync, mkdirSync, openSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import process from 'node:process'

const OTHERS = 0o077

/** Sets the rights of a file. */
export type Chmod = (path: string, mode: number) => void

function hideFromOthers(path: string, chmod: Chmod): boolean {
  if ((statSync(path).mode & OTHERS) === 0) return true
  try {
    chmod(path, 0o600)
  } catch (error) {
    // TRADE-OFF: somebody else's file, or a file system that knows no rights: whoever set that up is told, and is served.
    if (!(error instanceof Error && 'syscall' in error)) throw error
  }
  return (statSync(path).mode & OTHERS) === 0
}

// ATTACK: it holds the root secret: nobody else on the machine may read it, from its first byte on.
function makePrivate(file: string): void {
  try {
    closeSync(openSync(file, 'ax', 0o600))
  } catch (error) {
    // WHY: to open and close a file that is there would let go of every lock this process has on it (POSIX; SQLite, "How To
    // Corrupt An SQLite Database File", 2.2).
    if (!existsSync(file)) throw error
  }
}

/**
 * Makes the file of a store with its folder where there is none, and takes it from everybody but its owner.
 *
 * @returns whether that is so now of it and of what SQLite keeps beside it; Windows has no such rights, so there it is
 * @see SQLite, "PRAGMA journal_mode": a -wal made later has the rights of the file
 */
export function keepPrivate(file: string, chmod: Chmod = chmodSync): boolean {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  makePrivate(file)
  if (process.platform === 'win32') return true
  const there = [file, `${file}-wal`, `${file}-shm`].filter((path) => existsSync(path))
  return there.map((path) => hideFromOthers(path, chmod)).every((isPrivate) => isPrivate)
}
