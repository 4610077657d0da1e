import { fileURLToPath } from 'node:url'
import { closingsEnvironment } from '../support/closings.ts'
import { type Deployment, startDeployment } from '../support/deployment.ts'
import { guestOf } from '../support/guest.ts'
import { mustOpen, type OpenSocket } from '../support/socket-client.ts'
import { startWire } from '../support/wire.ts'
import type { Row } from './row.ts'

const SOCKETS = 5_000
const EACH_SESSION = 50
const LIMIT_KB = 40
const REPORT = fileURLToPath(new URL('./memory-report.mjs', import.meta.url))

interface Memory {
  readonly rss: number
  readonly heapUsed: number
  readonly external: number
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/** Memory of the gateway's process after collection, as it tells it itself. */
async function memoryOf(gateway: Deployment): Promise<Memory> {
  const before = gateway.output().length
  process.kill(gateway.pid, 'SIGUSR2')
  for (let looks = 0; looks < 200; looks++) {
    const line = gateway
      .output()
      .slice(before)
      .split('\n')
      .find((text) => text.startsWith('{"memory"') && text.endsWith('}'))
    if (line !== undefined) return (JSON.parse(line) as { memory: Memory }).memory
    await pause(50)
  }
  throw new Error('the gateway told no memory')
}

async function openMany(gateway: string, count: number): Promise<OpenSocket[]> {
  const sockets: OpenSocket[] = []
  for (let from = 0; from < count; from += EACH_SESSION) {
    const visitor = await guestOf(gateway)
    const headers = { cookie: visitor.cookie(gateway) ?? '', origin: gateway }
    const some = Array.from({ length: EACH_SESSION }, (_, n) => mustOpen(`${gateway}/room/${from + n}`, { headers }))
    sockets.push(...(await Promise.all(some)))
  }
  return sockets
}

function row(what: string, bytes: number): Row {
  const value = Math.round((bytes / SOCKETS / 1024) * 10) / 10
  return { what, value, unit: 'KB', goal: `at most ${LIMIT_KB}`, reached: value <= LIMIT_KB }
}

/** Memory of one Node process for each of 5,000 idle sockets: opened, and after each has passed a message both ways. */
export async function socketBench(): Promise<readonly Row[]> {
  const wire = await startWire()
  const environment = { ...closingsEnvironment(wire), NODE_OPTIONS: `--expose-gc --import ${REPORT}` }
  const gateway = await startDeployment({ runtime: 'node', name: 'closings', environment })
  try {
    const warm = await openMany(gateway.gateway, EACH_SESSION)
    const empty = await memoryOf(gateway)
    const sockets = await openMany(gateway.gateway, SOCKETS)
    await pause(6_000)
    const idle = await memoryOf(gateway)
    for (const socket of sockets) {
      socket.raw.send('a move of a player')
      await socket.next()
    }
    await pause(6_000)
    const used = await memoryOf(gateway)
    for (const socket of [...warm, ...sockets]) socket.raw.terminate()
    const heap = ({ heapUsed, external }: Memory) => heapUsed + external
    return [
      row('resident, each of 5,000 idle sockets', idle.rss - empty.rss),
      row('heap, each of 5,000 idle sockets', heap(idle) - heap(empty)),
      row('resident, each of them after a message both ways', used.rss - empty.rss),
      row('heap, each of them after a message both ways', heap(used) - heap(empty)),
    ]
  } finally {
    await gateway.stop()
    await wire.stop()
  }
}
