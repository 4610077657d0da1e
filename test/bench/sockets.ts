import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { closingsEnvironment } from '../support/closings.ts'
import { type Crowd, startCrowd } from '../support/crowd.ts'
import { type Deployment, startDeployment } from '../support/deployment.ts'
import { guestOf } from '../support/guest.ts'
import { startWire } from '../support/wire.ts'
import type { Row } from './row.ts'

const SOCKETS = 5_000
const EACH_SESSION = 50
const LIMIT_KB = 40
/** Files the gateway has open: both legs of each socket, and some of its own. */
const FILES = 2 * (SOCKETS + EACH_SESSION) + 500
const REPORT = fileURLToPath(new URL('./memory-report.mjs', import.meta.url))

interface Memory {
  readonly rss: number
  readonly heapUsed: number
  readonly external: number
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

function say(text: string): void {
  process.stderr.write(`sockets: ${text}\n`)
}

/** Open files a process may have here; Node raises its own bound to this by itself. */
function mayOpen(): number {
  const [, hard = '0'] = /^Max open files\s+\S+\s+(\S+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? []
  return hard === 'unlimited' ? Number.POSITIVE_INFINITY : Number(hard)
}

/** Memory of the gateway's process after collection, as it tells it itself. */
async function memoryOf(gateway: Deployment): Promise<Memory> {
  const before = gateway.output().length
  process.kill(gateway.pid, 'SIGUSR2')
  for (let looks = 0; looks < 400; looks++) {
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

/** Guests with fifty sockets each; each batch waits for the one before. */
async function openMany(crowd: Crowd, gateway: string, count: number): Promise<void> {
  for (let from = 0; from < count; from += EACH_SESSION) {
    const visitor = await guestOf(gateway)
    const headers = { cookie: visitor.cookie(gateway) ?? '', origin: gateway }
    const urls = Array.from({ length: EACH_SESSION }, (_, n) => `${gateway}/room/${from + n}`)
    const open = await crowd.open(urls, headers, 'deflate')
    if (open % 500 < EACH_SESSION) say(`${open} open`)
  }
}

function row(what: string, bytes: number): Row {
  const value = Math.round((bytes / SOCKETS / 1024) * 10) / 10
  return { what, value, unit: 'KB', goal: `at most ${LIMIT_KB}`, reached: value <= LIMIT_KB }
}

function heap({ heapUsed, external }: Memory): number {
  return heapUsed + external
}

async function measured(crowd: Crowd, gateway: Deployment): Promise<readonly Row[]> {
  // WHY: what the first sockets bring along (code, pools, caches) is not what each further one costs.
  await openMany(crowd, gateway.gateway, EACH_SESSION)
  const empty = await memoryOf(gateway)
  await openMany(crowd, gateway.gateway, SOCKETS)
  // WHY: longer than one round of lease checks, whose traces belong to what a socket costs.
  await pause(6_000)
  const idle = await memoryOf(gateway)
  say('each passes a message both ways')
  await crowd.talk('a move of a player')
  await pause(6_000)
  const used = await memoryOf(gateway)
  return [
    row('resident, each of 5,000 idle sockets', idle.rss - empty.rss),
    row('heap, each of 5,000 idle sockets', heap(idle) - heap(empty)),
    row('resident, each of them after a message both ways', used.rss - empty.rss),
    row('heap, each of them after a message both ways', heap(used) - heap(empty)),
  ]
}

/**
 * Memory of one Node process for each of 5,000 idle sockets: opened, and after each has passed a message both ways. The
 * players are a process of their own, and so is the service.
 */
export async function socketBench(): Promise<readonly Row[]> {
  if (mayOpen() < FILES)
    throw new Error(`this bench needs ${FILES} open files a process, ${mayOpen()} are allowed: ulimit -n ${FILES}`)
  const wire = await startWire()
  const environment = { ...closingsEnvironment(wire), NODE_OPTIONS: `--expose-gc --import ${REPORT}` }
  const gateway = await startDeployment({ runtime: 'node', name: 'closings', environment })
  const crowd = startCrowd()
  try {
    return await measured(crowd, gateway)
  } finally {
    crowd.stop()
    await gateway.stop()
    await wire.stop()
  }
}
