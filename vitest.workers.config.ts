import { cloudflareTest } from '@cloudflare/vitest-pool-workers'
import { defineConfig } from 'vitest/config'

/** Tests that run inside workerd itself. The engine says its compatibility date; see wrangler.toml for the deployment's. */
export default defineConfig({
  plugins: [
    cloudflareTest({
      main: './test/workers/main.ts',
      miniflare: {
        compatibilityDate: '2026-08-01',
        compatibilityFlags: ['nodejs_compat'],
        durableObjects: { STORE: { className: 'StoreObject', useSQLite: true } },
      },
    }),
  ],
  test: {
    name: 'workers',
    globalSetup: ['./test/workers/bridge.setup.ts'],
    include: ['test/workers/**/*.test.ts'],
    testTimeout: 30_000,
  },
})
