import type { Socket } from 'node:net'

/** Something that goes on for a client, and ends with its connection. */
export interface UnderWay {
  clientGone(): void
}

/** Requests that one connection may have under way at a time: far more than any client sends without waiting for answers. */
const MOST_UNDER_WAY = 128

/**
 * What is under way, by the connection of its client: when that is gone, each of them is.
 *
 * WHY: one listener a connection. One a request, for the `close` of its answer, was 15 % of what a request cost Deno, where
 * an answer that waits behind another one hears of none.
 */
const UNDER_WAY = new WeakMap<Socket, Set<UnderWay>>()

/** What is under way on a connection; whoever adds to it takes it away again. */
export function underWayOn(socket: Socket): Set<UnderWay> {
  const known = UNDER_WAY.get(socket)
  if (known !== undefined) return known
  const all = new Set<UnderWay>()
  UNDER_WAY.set(socket, all)
  socket.once('close', () => {
    for (const one of all) one.clientGone()
  })
  return all
}

/** Whether one more request may be under way on a connection. Where not, or where it is gone, it is ended. */
export function mayGoOn(socket: Socket): boolean {
  // ATTACK: Node reads on while answers are waited for: one connection would fill the memory with requests (CWE-770).
  if (underWayOn(socket).size >= MOST_UNDER_WAY) socket.destroy()
  return !socket.destroyed
}
