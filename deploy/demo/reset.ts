import { rm } from 'node:fs/promises'
import { resolve } from 'node:path'
import { addressesFrom, type Environment } from './addresses.ts'
import { isFree } from './ports.ts'
import { DemoProblem } from './problem.ts'

/**
 * Clears what the demo remembers; the secrets in `.dev.vars` stay.
 *
 * @throws DemoProblem while the gateway runs: it would go on writing into files that are gone
 */
export async function resetDemo(root: string, env: Environment): Promise<void> {
  const { state, gatewayPort } = addressesFrom(env)
  if (!(await isFree(gatewayPort)))
    throw new DemoProblem(`port ${gatewayPort} is in use; end the running demo first (Ctrl-C)`)
  await rm(resolve(root, state), { recursive: true, force: true })
}
