import { mkdtempSync, rmSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ensureSecrets } from '../../../deploy/demo/secrets.ts'
import { lineWriter } from '../../../src/runtime/line-writer.ts'
import { nodeFront } from '../../../src/runtime/node-front.ts'
import type { PumpRoom } from '../../../src/runtime/node-pump.ts'
import type { NodeUpstreams } from '../../../src/runtime/node-upstreams.ts'
import { requestId } from '../../../src/runtime/request-id.ts'
import type { Row } from '../row.ts'
import { browserHeaders } from './load.ts'
import { openHouse, signInMany } from './people.ts'
import { policiesIn } from './policies.ts'
import { PATH, RULES } from './through.ts'

const BATCHES = 2_000
const BATCH = 100
/** What a fast front may add to a bare proxy of Node: a tenth of its 25 us, and what it saves elsewhere. */
const MOST_MICROS = 8

function rawOf(headers: Readonly<Record<string, string>>): string[] {
  return Object.entries(headers).flat()
}

/**
 * The front of Node alone, without the network: microseconds from the parsed request to the dressed one, log line included.
 * The least of many short batches, which a busy machine disturbs little.
 */
export async function frontBench(): Promise<readonly Row[]> {
  const folder = mkdtempSync(join(tmpdir(), 'postern-bench-'))
  try {
    return [await measure(folder)]
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function measure(folder: string): Promise<Row> {
  const settings = {
    POSTERN_ROOT_SECRET: 'bench-root-secret-of-at-least-32-characters',
    POSTERN_STORE_FILE: join(folder, 'store.sqlite'),
    POSTERN_POLICIES: policiesIn(folder, RULES),
    ...ensureSecrets(join(folder, 'secrets')),
  }
  const [cookie = ''] = await signInMany(settings, 1)
  let bytes = 0
  const log = lineWriter({ write: (text) => (bytes += text.length) })
  const house = await openHouse(settings, log.line)
  const headers = { ...browserHeaders(8787), Cookie: cookie }
  const incoming = {
    method: 'GET',
    url: PATH,
    rawHeaders: rawOf(headers),
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])),
    socket: { remoteAddress: '127.0.0.1' },
  } as unknown as IncomingMessage
  let sent = 0
  const upstreams = {
    async stream(_upstream: unknown, hop: { readonly headers: readonly string[] }) {
      if (hop.headers.includes('postern-assertion')) sent++
    },
  } as unknown as NodeUpstreams
  const room = { gateway: house.gateway, open: new Set() } as unknown as PumpRoom
  const outgoing = { statusCode: 200, headersSent: false } as ServerResponse
  const once = () => {
    const arrival = { requestId: requestId(), rawTarget: PATH, address: '127.0.0.1', country: null }
    return nodeFront(incoming, outgoing, arrival, house.gateway, upstreams, room)
  }
  let least = Number.POSITIVE_INFINITY
  for (let batch = 0; batch < BATCHES; batch++) {
    const began = performance.now()
    for (let i = 0; i < BATCH; i++) await once()
    least = Math.min(least, ((performance.now() - began) * 1_000) / BATCH)
  }
  await house.close()
  if (sent !== BATCHES * BATCH || bytes === 0) throw new Error(`${sent} of ${BATCHES * BATCH} requests went on`)
  const value = Math.round(least * 100) / 100
  return {
    what: 'front of Node without the network',
    value,
    unit: 'us',
    goal: `at most ${MOST_MICROS}`,
    reached: value <= MOST_MICROS,
  }
}
