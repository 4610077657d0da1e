import { afterAll, beforeAll, describe, test } from 'vitest'
import type { RedisDriver } from '../../../src/adapters/redis/driver.ts'
import { redisStore } from '../../../src/adapters/redis/store.ts'
import { connectTcp, type TcpConnection } from '../../../src/adapters/redis/tcp.ts'
import { upstashDriver } from '../../../src/adapters/redis/upstash.ts'
import { storeContract } from '../../contract/store.ts'
import { type RedisCluster, type RedisServer, startCluster, startRedis } from '../../support/redis-server.ts'
import { startUpstashBridge, type UpstashBridge } from '../../support/upstash-bridge.ts'

let stores = 0

/** The whole contract on one driver; every store has keys of its own on the same server. */
function bind(driver: () => RedisDriver, turns: 'in-process' | 'none'): void {
  const makeStore = async () => {
    stores += 1
    return redisStore(driver(), { prefix: `contract-${stores}`, turns })
  }
  const contract = { test: (title: string, body: () => Promise<void>) => void test(title, body), makeStore }
  storeContract(contract)
}

describe('Redis over TCP', () => {
  let server: RedisServer
  let connection: TcpConnection
  beforeAll(async () => {
    server = await startRedis()
    connection = await connectTcp({ urls: [server.url], cluster: false, timeoutMs: 5_000 })
  })
  afterAll(async () => {
    connection.close()
    await server.stop()
  })
  bind(() => connection.driver, 'in-process')
})

describe('Redis Cluster of three nodes', () => {
  let cluster: RedisCluster
  let connection: TcpConnection
  beforeAll(async () => {
    cluster = await startCluster()
    connection = await connectTcp({ urls: cluster.urls, cluster: true, timeoutMs: 5_000 })
  })
  afterAll(async () => {
    connection.close()
    await cluster.stop()
  })
  bind(() => connection.driver, 'in-process')
})

describe('Upstash over REST', () => {
  let server: RedisServer
  let bridge: UpstashBridge
  beforeAll(async () => {
    server = await startRedis()
    bridge = await startUpstashBridge(server.url)
  })
  afterAll(async () => {
    await bridge.stop()
    await server.stop()
  })
  bind(() => upstashDriver({ url: bridge.url, token: bridge.token, timeoutMs: 5_000 }), 'none')
})
