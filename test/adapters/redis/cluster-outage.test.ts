import { afterEach, expect, test } from 'vitest'
import { connectTcp } from '../../../src/adapters/redis/tcp.ts'
import { type Store, StoreUnavailable } from '../../../src/ports/store.ts'
import { ownTime } from '../../support/own-time.ts'
import { type RedisCluster, startCluster } from '../../support/redis-server.ts'
import { at, device, enrolled, note, person, storeOver } from './scene.ts'

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

async function cluster(): Promise<{ readonly nodes: RedisCluster; readonly store: Store }> {
  const nodes = await startCluster()
  closers.push(() => nodes.stop())
  const connection = await connectTcp({ urls: nodes.urls, cluster: true, timeoutMs: 300 })
  closers.push(() => connection.close())
  return { nodes, store: storeOver(connection.driver, 'part') }
}

/** Reads the sessions of thirty users: how many answered live, and what was neither live nor an outage in time. */
async function readAll(store: Store): Promise<{ readonly live: number; readonly wrong: readonly string[] }> {
  const outcomes = await Promise.all(
    Array.from({ length: 30 }, async (_, n) => {
      const { value: found, ms } = await ownTime(() =>
        store.sessions.read(device(person(n), 'a').key, at(1)).then(
          ({ kind }) => kind,
          (thrown: unknown) => (thrown instanceof StoreUnavailable ? 'unavailable' : String(thrown)),
        ),
      )
      return ms < 500 ? found : `${found} too late`
    }),
  )
  const wrong = outcomes.filter((outcome) => outcome !== 'live' && outcome !== 'unavailable')
  return { live: outcomes.filter((outcome) => outcome === 'live').length, wrong }
}

async function people(store: Store): Promise<void> {
  for (let n = 0; n < 30; n++) {
    const user = await enrolled(store, n)
    await store.sessions.create(device(user, 'a'), null, note('sign-in', user))
  }
  expect(await readAll(store)).toEqual({ live: 30, wrong: [] })
}

test('tcpDriver on a cluster: a silent node is an outage for its own users within 500 ms, the others go on', async () => {
  const { nodes, store } = await cluster()
  await people(store)
  // The node that does not hold the index, so that the others can be read at all.
  const holders = await Promise.all(nodes.nodes.map((node) => node.command('EXISTS', 'part:{~index}:people')))
  const silent = nodes.nodes[holders.findIndex((answer) => answer !== ':1\r\n')]
  silent?.signal('SIGSTOP')
  const { live, wrong } = await readAll(store)
  expect(wrong).toEqual([])
  expect(live).toBeGreaterThan(0)
  expect(live).toBeLessThan(30)
  silent?.signal('SIGCONT')
  await expect.poll(() => readAll(store), { timeout: 10_000 }).toEqual({ live: 30, wrong: [] })
})

test('connectTcp() starts without a cluster and finds it once it is there', async () => {
  const nodes = await startCluster()
  closers.push(() => nodes.stop())
  for (const node of nodes.nodes) {
    node.signal('SIGKILL')
    await node.ended()
  }
  const connection = await connectTcp({ urls: nodes.urls, cluster: true, timeoutMs: 300 })
  closers.push(() => connection.close())
  const store = storeOver(connection.driver, 'part')
  await expect(store.keys.list('root', at(0))).rejects.toBeInstanceOf(StoreUnavailable)
  await Promise.all(nodes.nodes.map((node) => node.restart()))
  await expect.poll(() => store.keys.list('root', at(0)).catch(() => null), { timeout: 10_000 }).toEqual([])
})
