import type { AddressInfo } from 'node:net'
import { connect, createServer, type Server, type Socket } from 'node:net'

/** A wire between a client and a server that a test can cut and mend. */
export interface Cuttable {
  readonly port: number
  /** Every connection ends at once, and no new one comes through until it is mended. */
  cut(): void
  /** What is sent on the connections there are goes nowhere, and nobody is told; new ones come through. */
  swallow(): void
  mend(): void
  /** New connections go to another port; those there are stay, as after a name leads elsewhere. */
  lead(to: number): void
  stop(): void
}

/** Lays a wire to a port of this machine. */
export async function startCuttable(to: number): Promise<Cuttable> {
  const live = new Set<Socket>()
  let isCut = false
  let target = to
  const server: Server = createServer((near) => {
    if (isCut) return void near.destroy()
    const far = connect(target, '127.0.0.1')
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      live.add(one)
      one.on('error', () => one.destroy())
      one.on('close', () => {
        live.delete(one)
        other.destroy()
      })
      one.pipe(other)
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const cut = () => {
    isCut = true
    for (const socket of live) socket.destroy()
  }
  return {
    port: (server.address() as AddressInfo).port,
    cut,
    swallow() {
      for (const socket of live) {
        socket.unpipe()
        socket.resume()
      }
    },
    mend() {
      isCut = false
    },
    lead(other) {
      target = other
    },
    stop() {
      cut()
      server.close()
    },
  }
}
