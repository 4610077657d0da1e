import type { NativeClient, NativeFlow } from '../ports/config.ts'
import { nearest, Reader } from './reader.ts'

const FLOWS: readonly NativeFlow[] = ['device', 'loopback']
/** WHY: the id is also what a session's client kind says, which has this form (seeds S11). */
const ID = /^[a-z0-9._-]{1,32}$/
const LONGEST_NAME = 60

/** The games, launchers and scripts that may ask for a session of their own; none unless named. */
export function parseNativeClients(read: Reader): readonly NativeClient[] {
  const clients = read.list('nativeClients').map((item, index) => {
    const entry = new Reader(item, `nativeClients.${index}`, read.problems)
    const client = { id: entry.text('id', null), name: entry.text('name', null), flows: parseFlows(entry) }
    if (client.id !== '' && !ID.test(client.id))
      entry.fault('id', `must be at most 32 of a-z, 0-9, dot, _ and -, not "${client.id}"`)
    if (client.name.length > LONGEST_NAME)
      entry.fault('name', `must be at most ${LONGEST_NAME} characters: players read it before they allow it`)
    for (const key of ['secret', 'clientSecret']) {
      if (entry.raw(key) !== undefined)
        entry.fault(key, 'must be left out: what is in every copy of a game is no secret (RFC 8252 section 8.5)')
    }
    entry.end()
    return client
  })
  for (const [index, { id }] of clients.entries()) {
    const first = clients.findIndex((client) => client.id === id)
    if (id !== '' && first !== index)
      read.fault(`nativeClients.${index}.id`, `"${id}" is also nativeClients.${first}: each client has its own id`)
  }
  return clients
}

function parseFlows(read: Reader): readonly NativeFlow[] {
  if (read.raw('flows') === undefined) return FLOWS
  const wanted = read.texts('flows')
  if (wanted.length === 0) read.fault('flows', 'must not be empty: leave it out for both')
  for (const [index, name] of wanted.entries()) {
    if (FLOWS.some((flow) => flow === name)) continue
    const near = nearest(name, FLOWS)
    const hint = near === null ? '' : `; did you mean "${near}"?`
    read.fault(`flows.${index}`, `must be one of ${FLOWS.join(', ')}, not "${name}"${hint}`)
  }
  return FLOWS.filter((flow) => wanted.includes(flow))
}
