import type { TestProject } from 'vitest/node'
import { startRedis } from '../support/redis-server.ts'
import { startUpstashBridge } from '../support/upstash-bridge.ts'

declare module 'vitest' {
  interface ProvidedContext {
    readonly upstash: { readonly url: string; readonly token: string }
  }
}

/** A real Redis behind Upstash's REST protocol, outside workerd, for tests inside it. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await startRedis()
  const bridge = await startUpstashBridge(server.url)
  project.provide('upstash', { url: bridge.url, token: bridge.token })
  return async () => {
    await bridge.stop()
    await server.stop()
  }
}
