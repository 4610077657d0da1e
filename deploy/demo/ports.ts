import { createServer } from 'node:net'
import { type Addresses, PROVIDER_IDS } from './addresses.ts'
import { DemoProblem } from './problem.ts'

function canListen(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) =>
      resolve(error.code !== 'EADDRINUSE' && error.code !== 'EACCES'),
    )
    server.listen(port, host, () => server.close(() => resolve(true)))
  })
}

/** Whether nothing listens on a port of this machine; a machine without IPv6 is asked about IPv4 only. */
export async function isFree(port: number): Promise<boolean> {
  return (await canListen(port, '127.0.0.1')) && (await canListen(port, '::1'))
}

/**
 * Makes sure that every port of the demo is free.
 *
 * @throws DemoProblem naming the first taken port, its purpose and the variable that moves it
 */
export async function claimPorts(addresses: Addresses): Promise<void> {
  const providers = [...PROVIDER_IDS, 'slack-api'].map((id, index) => {
    return { port: addresses.providersPort + index, use: `provider ${id}`, variable: 'DEMO_PROVIDERS_PORT' }
  })
  const wanted = [
    { port: addresses.gatewayPort, use: 'Postern', variable: 'DEMO_GATEWAY_PORT' },
    { port: addresses.upstreamPort, use: 'the game', variable: 'DEMO_UPSTREAM_PORT' },
    ...providers,
  ]
  for (const { port, use, variable } of wanted) {
    if (await isFree(port)) continue
    throw new DemoProblem(`port ${port} (${use}) is taken; end what listens there, or choose another with ${variable}`)
  }
}
