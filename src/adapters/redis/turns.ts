/** Lets those who change the same chain go one after another, as far as one process can see. */
export type Turns = <T>(chain: string, work: () => Promise<T>) => Promise<T>

/** Longest wait for a turn: a chain is compared in the script, so going out of turn costs a try, not a mistake. */
const PATIENCE_MS = 50

function settled(before: Promise<unknown>): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, PATIENCE_MS)
    const done = (): void => {
      clearTimeout(timer)
      resolve()
    }
    before.then(done, done)
  })
}

/**
 * Turns within one process; without them fifty changes of one user at once make each other try again and again.
 * Not for Workers, where one request must not wait for another's promise.
 */
export function turnsInProcess(): Turns {
  const last = new Map<string, Promise<unknown>>()
  return <T>(chain: string, work: () => Promise<T>): Promise<T> => {
    const before = last.get(chain)
    const mine = before === undefined ? work() : settled(before).then(work)
    last.set(chain, mine)
    const leave = (): void => {
      if (last.get(chain) === mine) last.delete(chain)
    }
    mine.then(leave, leave)
    return mine
  }
}

/** No turns: everybody goes at once. */
export const noTurns: Turns = (_, work) => work()
