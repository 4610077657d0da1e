import { connect } from 'node:net'
import type { ReconnectPlace } from '../runtime/reconnects.ts'
import { CLOSINGS_KEY, closingsEnvironment } from './closings.ts'
import { startSeatGame } from './colyseus.ts'
import { startCuttable } from './cuttable.ts'
import { type RuntimeName, startDeployment } from './deployment.ts'
import { freePorts } from './ports.ts'
import { startWire } from './wire.ts'

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(true))
    socket.on('error', () => resolve(false))
    socket.on('connect', () => socket.destroy())
  })
}

/** Both games, a gateway in front of each, and the wires. */
export async function reconnectPlace(
  runtime: RuntimeName,
): Promise<{ readonly place: ReconnectPlace; stop(): Promise<void> }> {
  const service = await startWire()
  service.io.use((socket, next) => {
    const { 'postern-user': user } = socket.handshake.headers
    socket.on('who', (answer: (user: unknown) => void) => answer(user))
    next()
  })
  const game = await startSeatGame(await freePorts(1))
  async function gatewayOf(gamePort: number) {
    const port = await freePorts(1)
    const wire = await startCuttable(port)
    const environment = {
      ...closingsEnvironment({ port: gamePort }),
      PORT: String(port),
      CLOSINGS_HOSTS: `localhost:${wire.port}`,
    }
    return { deployment: await startDeployment({ runtime, name: 'closings', environment }), wire, environment }
  }
  const gateways = { colyseus: await gatewayOf(game.port), socketIo: await gatewayOf(service.port) }
  const place: ReconnectPlace = {
    ...gateways,
    game,
    service,
    operatorKey: CLOSINGS_KEY,
    async restart(which, how) {
      const { deployment, environment } = gateways[which]
      await (how === 'killed' ? deployment.kill() : deployment.stop('keep'))
      if (await isListening(deployment.port)) throw new Error(`something still serves port ${deployment.port}`)
      gateways[which].deployment = await startDeployment({ runtime, name: 'closings', environment, again: deployment })
    },
  }
  return {
    place,
    async stop() {
      for (const { deployment, wire } of Object.values(gateways)) {
        wire.stop()
        await deployment.stop()
      }
      await game.stop()
      await service.stop()
    },
  }
}
