import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/runtime/**', 'test/browser/**', 'test/workers/**', 'node_modules/**'],
          testTimeout: 20_000,
        },
      },
    ],
  },
})
