import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { CrowdOrder, CrowdReport } from './crowd-clients.ts'

const CLIENTS = fileURLToPath(new URL('./crowd-clients.ts', import.meta.url))

/** Many sockets of players, held by a process of their own, so that the memory of the gateway's is not theirs. */
export interface Crowd {
  /** Opens one socket an address, all at once; answers how many are open by now. */
  open(urls: readonly string[], headers: Readonly<Record<string, string>>, deflate?: 'deflate'): Promise<number>
  /** Each socket in turn sends a text and waits until it comes back. */
  talk(text: string): Promise<number>
  /** Cuts every socket. */
  leave(): Promise<number>
  stop(): void
}

/** Starts the process that holds them. */
export function startCrowd(): Crowd {
  const child = fork(CLIENTS, { execArgv: [] })
  const order = (wish: CrowdOrder) =>
    new Promise<number>((resolve, reject) => {
      const gone = () => reject(new Error('the process of the players is gone'))
      child.once('exit', gone)
      child.once('message', (report: CrowdReport) => {
        child.off('exit', gone)
        if ('done' in report) resolve(report.done)
        else reject(new Error(report.failed))
      })
      child.send(wish)
    })
  return {
    open: (urls, headers, deflate) => order({ kind: 'open', urls, headers, deflate: deflate !== undefined }),
    talk: (text) => order({ kind: 'talk', text }),
    leave: () => order({ kind: 'leave' }),
    stop: () => child.disconnect(),
  }
}
