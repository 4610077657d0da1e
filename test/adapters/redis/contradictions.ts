import type { Seconds } from '../../../src/core/brand.ts'
import type { Store } from '../../../src/ports/store.ts'
import type { RedisServer } from '../../support/redis-server.ts'
import { SUBJECTS } from './operations.ts'
import { all, proof } from './scene.ts'

/** What the lists and indexes say that the users' own records do not, or the other way round. */
export async function contradictions(
  store: Store,
  server: RedisServer,
  prefix: string,
  now: Seconds,
): Promise<readonly string[]> {
  const found: string[] = []
  const people = await all((after) => store.directory.search('', { after, limit: 3 }))
  const listed = await all((after) => store.sessions.listAll({ world: null }, { after, limit: 3 }, now))
  const inWorld = await all((after) => store.sessions.listAll({ world: 'north' }, { after, limit: 3 }, now))
  const own = (await Promise.all(people.map((user) => store.sessions.list(user, now)))).flat()
  const count = await store.sessions.count(now, 0)
  const sids = (sessions: readonly { readonly sid: string }[]) => JSON.stringify(sessions.map(({ sid }) => sid).sort())
  if (sids(own) !== sids(listed.map(({ session }) => session))) found.push('listAll')
  const playing = own.filter(({ character }) => character?.world === 'north')
  if (sids(playing) !== sids(inWorld.map(({ session }) => session))) found.push('listAll of a world')
  if (playing.length > 0 !== (await store.sessions.charactersIn('north', now)).length > 0) found.push('charactersIn')
  if (count.total !== own.length || count.active !== own.length) found.push(`count ${count.total}, not ${own.length}`)
  for (const user of people) {
    if ((await store.directory.read(user.id))?.id !== user.id) found.push(`read ${user.id}`)
    for (const { issuer, subject } of await store.directory.identities(user)) {
      if ((await store.directory.find(issuer, subject))?.id !== user.id) found.push(`find ${subject}`)
    }
  }
  for (const subject of SUBJECTS) {
    const { issuer } = proof(subject)
    const owner = await store.directory.find(issuer, subject)
    const identities = owner === null ? [] : await store.directory.identities(owner)
    if (owner !== null && !identities.some((one) => one.subject === subject)) found.push(`identity ${subject}`)
  }
  const verified = await store.audit.verify()
  const filter = { from: null, to: null, subject: null, event: null }
  const trail = await all((after) => store.audit.read(filter, { after, limit: 7 }))
  if (verified.kind !== 'intact' || verified.records !== trail.length) found.push(`audit ${JSON.stringify(verified)}`)
  const pending = await server.command('ZCARD', `${prefix}:{~index}:pending`)
  if (pending !== ':0\r\n') found.push(`pending ${pending}`)
  const claims = await server.command('HLEN', `${prefix}:{~index}:claims`)
  if (claims !== ':0\r\n') found.push(`claims ${claims}`)
  return found
}
