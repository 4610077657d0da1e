import { type Addresses, addressesFrom, type Environment } from '../../deploy/demo/addresses.ts'
import { CLIENTS } from '../../deploy/demo/clients.ts'
import { freePorts } from '../support/ports.ts'

/** Client secrets as the demo names them. */
export const SECRETS: Environment = Object.fromEntries(
  Object.values(CLIENTS).map(({ secretName }) => [secretName, `${secretName.toLowerCase()}-of-the-test`]),
)

/** Addresses of a demo on nine neighbouring ports that are free: providers, game, gateway. */
export async function freeAddresses(): Promise<Addresses> {
  const first = await freePorts(9)
  return addressesFrom({
    DEMO_PROVIDERS_PORT: String(first),
    DEMO_UPSTREAM_PORT: String(first + 7),
    DEMO_GATEWAY_PORT: String(first + 8),
  })
}
