import { type Addresses, addressesFrom, type Environment } from '../../deploy/demo/addresses.ts'
import { CLIENTS } from '../../deploy/demo/clients.ts'
import { isFree } from '../../deploy/demo/ports.ts'

/** Client secrets as the demo names them. */
export const SECRETS: Environment = Object.fromEntries(
  Object.values(CLIENTS).map(({ secretName }) => [secretName, `${secretName.toLowerCase()}-of-the-test`]),
)

async function allFree(first: number, count: number): Promise<boolean> {
  for (let port = first; port < first + count; port += 1) if (!(await isFree(port))) return false
  return true
}

/** Addresses of a demo on nine neighbouring ports that are free: providers, game, gateway. */
export async function freeAddresses(): Promise<Addresses> {
  for (;;) {
    const first = 20_000 + Math.floor(Math.random() * 1200) * 10
    if (!(await allFree(first, 9))) continue
    return addressesFrom({
      DEMO_PROVIDERS_PORT: String(first),
      DEMO_UPSTREAM_PORT: String(first + 7),
      DEMO_GATEWAY_PORT: String(first + 8),
    })
  }
}
