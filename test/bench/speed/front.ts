import { mkdtempSync, rmSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ensureSecrets } from '../../../deploy/demo/secrets.ts'
import { seconds } from '../../../src/core/brand.ts'
import { lineWriter } from '../../../src/runtime/line-writer.ts'
import { nodeFront } from '../../../src/runtime/node-front.ts'
import type { RawHop } from '../../../src/runtime/node-hop.ts'
import type { PumpRoom } from '../../../src/runtime/node-pump.ts'
import { requestId } from '../../../src/runtime/request-id.ts'
import type { Row } from '../row.ts'
import { median } from './compare.ts'
import { browserHeaders } from './load.ts'
import { openHouse, signInMany } from './people.ts'
import { policiesIn } from './policies.ts'
import { PATH, RULES } from './through.ts'

const BATCHES = 2_000
const BATCH = 100
const CROWD = 10_000
/** What a fast front may add to a bare proxy of Node: a tenth of its 25 us, and what it saves elsewhere. */
const MOST_MICROS = 8

/** A front of Node in this process, whose upstream takes note and answers nothing. */
interface LoneFront {
  /** Sends one request of one of the people. */
  once(person: number): Promise<void>
  /** Fails unless all these requests went on, announced and written down. */
  close(requests: number): Promise<void>
}

async function openFront(folder: string, people: number, clock: 'runs' | 'stands'): Promise<LoneFront> {
  const settings = {
    POSTERN_ROOT_SECRET: 'bench-root-secret-of-at-least-32-characters',
    POSTERN_STORE_FILE: join(folder, 'store.sqlite'),
    POSTERN_POLICIES: policiesIn(folder, RULES),
    ...ensureSecrets(join(folder, 'secrets')),
  }
  const cookies = await signInMany(settings, people)
  let bytes = 0
  const log = lineWriter({ write: (text) => (bytes += text.length) }, () => undefined)
  const now = seconds(Math.floor(Date.now() / 1000))
  const standing = { now: () => now, ticks: () => 0 }
  const house = await openHouse(settings, log.report, clock === 'stands' ? standing : {})
  const requests = cookies.map((cookie) => incomingOf({ ...browserHeaders(8787), Cookie: cookie }))
  let sent = 0
  let ended: () => void = () => undefined
  const upstreams = {
    stream(_upstream: unknown, hop: RawHop) {
      if (hop.headers.includes('postern-assertion')) sent++
      hop.ended(null)
      ended()
    },
  }
  const room = { gateway: house.gateway, open: new Set() } as unknown as PumpRoom
  const outgoing = { statusCode: 200, headersSent: false } as ServerResponse
  return {
    once(person) {
      const arrival = { requestId: requestId(), rawTarget: PATH, address: '127.0.0.1', country: null }
      const incoming = requests[person] ?? incomingOf({})
      return new Promise((resolve) => {
        ended = resolve
        nodeFront(incoming, outgoing, arrival, house.gateway, upstreams, room)
      })
    },
    async close(wanted) {
      log.flush()
      await house.close()
      if (sent !== wanted || bytes === 0) throw new Error(`${sent} of ${wanted} requests went on`)
    },
  }
}

function incomingOf(headers: Readonly<Record<string, string>>): IncomingMessage {
  return {
    method: 'GET',
    url: PATH,
    rawHeaders: Object.entries(headers).flat(),
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])),
    socket: { remoteAddress: '127.0.0.1' },
  } as unknown as IncomingMessage
}

async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'postern-bench-'))
  try {
    return await work(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Microseconds a request of one batch, the people in turn from one of them on. */
async function batch(front: LoneFront, from: number, people: number): Promise<number> {
  const began = performance.now()
  for (let i = 0; i < BATCH; i++) await front.once((from + i) % people)
  return ((performance.now() - began) * 1_000) / BATCH
}

/**
 * The front of Node alone, without the network: microseconds from the parsed request to the dressed one, log line included.
 * The least of many short batches, which a busy machine disturbs little.
 */
export function frontBench(): Promise<readonly Row[]> {
  return inFolder(async (folder) => {
    const front = await openFront(folder, 1, 'runs')
    let least = Number.POSITIVE_INFINITY
    for (let i = 0; i < BATCHES; i++) least = Math.min(least, await batch(front, 0, 1))
    await front.close(BATCHES * BATCH)
    const value = Math.round(least * 100) / 100
    const reached = value <= MOST_MICROS
    return [{ what: 'front of Node without the network', value, unit: 'us', goal: `at most ${MOST_MICROS}`, reached }]
  })
}

/**
 * One session that asks for everything against ten thousand in turn, batch by batch, on the front of Node alone.
 *
 * WHY: a session is remembered for 5 s at most: ten thousand of them are remembered at all only where a core does far more
 * than 2,000 requests a second, and elsewhere that would be a bench of the store. So the clock stands still.
 */
export function crowdBench(): Promise<readonly Row[]> {
  return inFolder(async (folder) => {
    const front = await openFront(folder, CROWD, 'stands')
    // Everybody is read and announced once before anything counts.
    for (let from = 0; from < CROWD; from += BATCH) await batch(front, from, CROWD)
    const [one, all]: [number[], number[]] = [[], []]
    for (let i = 0; i < BATCHES; i++) {
      one.push(await batch(front, 0, 1))
      all.push(await batch(front, (i * BATCH) % CROWD, CROWD))
    }
    await front.close(CROWD + 2 * BATCHES * BATCH)
    const [hot, many] = [median(one), median(all)]
    const value = Math.round((many / hot) * 1_000) / 1_000
    const micros = (what: string, of: number): Row => ({
      what,
      value: Math.round(of * 100) / 100,
      unit: 'us',
      goal: '',
      reached: true,
    })
    return [
      micros('front for one hot session', hot),
      micros('front for 10,000 sessions in turn', many),
      { what: 'the front alone, 10,000 against one', value, unit: 'times', goal: '', reached: true },
    ]
  })
}
