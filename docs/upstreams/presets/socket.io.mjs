// Who plays, for preset 'socket.io': a middleware of the server or of a namespace.
import { verify } from '../node/postern-verify.mjs'

/** io.use(whoPlays); after that `socket.data.player` */
export async function whoPlays(socket, next) {
  try {
    const { sub, name } = await verify(socket.handshake.headers['postern-assertion'])
    socket.data.player = { id: sub, name }
    next()
  } catch {
    next(new Error('not a player'))
  }
}
