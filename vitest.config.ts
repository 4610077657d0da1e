import { defineConfig } from 'vitest/config'

const shared = { testTimeout: 20_000, hookTimeout: 60_000 }

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          ...shared,
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/structure/**', 'test/runtime/**', 'test/browser/**', 'test/workers/**', 'node_modules/**'],
        },
      },
      { test: { ...shared, name: 'structure', include: ['test/structure/**/*.test.ts'] } },
      './vitest.workers.config.ts',
      // WHY: each of these starts a whole deployment; side by side they would time the machine, not the product.
      { test: { ...shared, name: 'runtime', include: ['test/runtime/**/*.test.ts'], fileParallelism: false } },
      { test: { ...shared, name: 'browser', include: ['test/browser/**/*.test.ts'], fileParallelism: false } },
    ],
  },
})
