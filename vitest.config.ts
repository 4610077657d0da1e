import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

const shared = { testTimeout: 20_000, hookTimeout: 60_000 }

/** By default one core is left out, which of two is half of them. */
const everyCore = { maxWorkers: availableParallelism(), sequence: { groupOrder: 1 } }

const inRuntime = (...names: readonly string[]) => names.map((name) => `test/runtime/${name}.test.ts`)

/** Wait for real clocks nearly all of their time, and hold no bound that the company of the others could break. */
const WAITING = inRuntime(
  'guest-ends',
  'library-guests',
  'library-objects',
  'reconnects-*',
  'session-counts',
  'session-life',
  'slow-clients',
)

/** Ask what is answered and never how soon, of deployments that share no file with any other (the demo's compiled policies are one). */
const UNTIMED = inRuntime(
  'branded',
  'dev',
  'emulated-tokens',
  'forward-auth*',
  'identity-*',
  'more-providers',
  'presets',
  'readme',
  'resource-server',
)

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          ...shared,
          ...everyCore,
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/structure/**', 'test/runtime/**', 'test/browser/**', 'test/workers/**', 'node_modules/**'],
        },
      },
      { test: { ...shared, ...everyCore, name: 'structure', include: ['test/structure/**/*.test.ts'] } },
      './vitest.workers.config.ts',
      // WHY: they wait at the same time; more of them would start at the same time too, and starting computes.
      {
        test: { ...shared, name: 'waiting', include: WAITING, maxWorkers: 4, sequence: { groupOrder: 2 } },
      },
      { test: { ...shared, name: 'untimed', include: UNTIMED, maxWorkers: 2, sequence: { groupOrder: 3 } } },
      // WHY: each of these starts a whole deployment; side by side they would time the machine, not the product.
      {
        test: {
          ...shared,
          name: 'runtime',
          include: inRuntime('**/*'),
          exclude: [...WAITING, ...UNTIMED],
          fileParallelism: false,
        },
      },
      { test: { ...shared, name: 'browser', include: ['test/browser/**/*.test.ts'], fileParallelism: false } },
    ],
  },
})
