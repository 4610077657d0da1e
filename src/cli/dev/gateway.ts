import { fork } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'

/** A gateway in a process of its own. */
export interface DevGateway {
  /** Its exit code, once it is gone; null when a signal ended it. */
  readonly ended: Promise<{ readonly code: number | null }>
  /** Lets it finish what it does, and waits. */
  stop(): Promise<void>
}

/** Who hears a gateway: its log, line by line, and what it says beside it. */
export interface Hearer {
  log(line: string): void
  aside(line: string): void
}

/** The program beside this one: a source in the repository, built in the package. */
function programOf(): string {
  return fileURLToPath(new URL(`../../runtime/node-dev.${import.meta.url.slice(-2)}`, import.meta.url))
}

/** Resolves when there is nothing more to hear. */
function heard(output: Readable | null, hear: (line: string) => void): Promise<void> {
  return new Promise((resolve) => {
    if (output === null) return resolve()
    createInterface({ input: output }).on('line', hear).once('close', resolve)
  })
}

/** Starts the gateway of a folder. */
export function startGateway(
  folder: string,
  environment: Readonly<Record<string, string | undefined>>,
  hearer: Hearer,
): DevGateway {
  const child = fork(programOf(), [], {
    cwd: folder,
    env: environment,
    execArgv: ['--disable-warning=ExperimentalWarning'],
    // WHY: a group of its own: Ctrl-C is for this process alone, which then tells the gateway, once.
    detached: true,
    windowsHide: true,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  const said = [heard(child.stdout, (line) => hearer.log(line)), heard(child.stderr, (line) => hearer.aside(line))]
  const gone = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => resolve(code))
  })
  // WHY: not `close`, which Node does not tell once the line was cut from this side.
  const ended = Promise.all([gone, ...said]).then(([code]) => ({ code }))
  return {
    ended,
    async stop() {
      if (child.connected) child.disconnect()
      await ended
    },
  }
}
