import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'

/** The order of what is asked on one connection. */
export interface Order {
  /** A request came, and this will be its answer. */
  asked(incoming: IncomingMessage, outgoing: ServerResponse): void
  /** Calls back once everything asked before on a connection is answered: at once, or never where it ends with that. */
  whenAnswered(socket: Duplex, turn: () => void): void
}

/**
 * Answers leave in the order of their questions (RFC 9112 section 9.3.2). Node keeps it among requests; an upgrade it hands over
 * while what came before is still being answered, whose bytes would go out in the middle of the socket's frames.
 */
export function answersInOrder(): Order {
  const latest = new WeakMap<Duplex, ServerResponse>()
  return {
    asked: ({ socket }, outgoing) => void latest.set(socket, outgoing),
    whenAnswered(socket, turn) {
      const before = latest.get(socket)
      if (before === undefined || before.writableFinished || before.destroyed) return turn()
      // WHY: Node has taken its own listeners away: nobody else hears that the connection takes more again, or broke.
      const more = () => void before.emit('drain')
      socket.on('drain', more)
      socket.on('error', () => socket.destroy())
      before.once('close', () => {
        socket.off('drain', more)
        if (socket.writable) turn()
      })
    },
  }
}
