import type { Server } from 'node:http'
import { endAll, type PumpRoom } from './node-pump.ts'

/** Longest a stop may take from the signal to the end, beside the closing of stores. */
export const DRAIN_MS = 10_000
/** Over how long live sockets are told to come back at a restart. */
const SPREAD_MS = 2_000
/** How often connections that have finished their request are let go. */
const LOOK_MS = 50

function within(ms: number, work: Promise<unknown>): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms)
    work.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}

/**
 * Ends a server politely: nobody new comes in, requests in flight are answered, sockets are told to come back, spread at
 * random. What is not done in time is cut.
 */
export async function drainServer(server: Server, room: PumpRoom): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  // WHY: a kept-alive connection is busy until its answer is written and idle after it; nothing tells when.
  const looking = setInterval(() => server.closeIdleConnections(), LOOK_MS)
  const ended = endAll(room, { code: 1012, reason: 'restarting' }, SPREAD_MS)
  await within(DRAIN_MS, Promise.all([closed, ended]))
  clearInterval(looking)
  server.closeAllConnections()
}
