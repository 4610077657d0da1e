import type { Store } from '../../src/ports/store.ts'

/**
 * What a binding gives to the suite: how a test is registered on its runner, and how a store is made.
 * The suite itself knows no runner and no clock, so it runs under Node, in workerd and on Deno alike.
 */
export interface Contract {
  /** Registers one test. */
  test(title: string, body: () => Promise<void>): void
  /** A store with nothing in it that no other test sees. The binding closes it when the test is over. */
  makeStore(): Promise<Store>
}
