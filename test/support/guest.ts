import { Visitor } from './visitor.ts'

/** A guest of a gateway: the cookie to play with. */
export async function guestOf(gateway: string): Promise<Visitor> {
  const visitor = new Visitor()
  const answer = await visitor.send(`${gateway}/auth/guest`, {
    method: 'POST',
    headers: { origin: gateway, accept: 'application/json' },
  })
  if (answer.status !== 200) throw new Error(`no guest: ${answer.status} ${await answer.text()}`)
  return visitor
}
