// Who plays, for preset 'colyseus': the onAuth of a room. What it answers is `client.auth`.
import { verify } from '../node/postern-verify.mjs'

/** static onAuth = whoPlays */
export async function whoPlays(_token, _options, context) {
  const { sub, name } = await verify(context.headers.get('postern-assertion'))
  return { id: sub, name }
}
