import type { Server } from 'node:http'
import type { Closing } from '../pipeline/lease.ts'
import { endAll, type PumpRoom } from './node-pump.ts'

/** Longest a stop may take from the signal to the end, beside the closing of stores. */
export const DRAIN_MS = 10_000
/** Over how long live sockets are told to come back at a restart. */
const SPREAD_MS = 2_000
/** How often connections that have finished their request are let go. */
const LOOK_MS = 50
/** What clients of live sockets are told. */
const RESTARTING: Closing = { code: 1012, reason: 'restarting' }

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
  const told = new Set(room.open)
  const looking = setInterval(() => {
    // WHY: a kept-alive connection is busy until its answer is written and idle after it; nothing tells when.
    server.closeIdleConnections()
    // WHY: who was let in before may open only now, when their service answers.
    for (const end of room.open) {
      if (told.has(end)) continue
      told.add(end)
      end(RESTARTING)
    }
  }, LOOK_MS)
  const ended = endAll(room, RESTARTING, SPREAD_MS)
  await within(DRAIN_MS, Promise.all([closed, ended]))
  clearInterval(looking)
  server.closeAllConnections()
}
