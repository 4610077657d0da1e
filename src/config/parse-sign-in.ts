import type { Config } from '../ports/config.ts'
import type { Reader } from './reader.ts'

const MOST = 1_000_000

/** How many sign-in requests one network may make; an edge or a school behind one address needs generous numbers. */
export function parseLimits(read: Reader): Config['limits'] {
  const limits = {
    startsPerMinute: read.integer('startsPerMinute', 1, MOST, 120),
    callbacksPerMinute: read.integer('callbacksPerMinute', 1, MOST, 240),
    guestsPerHour: read.integer('guestsPerHour', 1, MOST, 20),
  }
  read.end()
  return limits
}

/** Above how many active sessions new guests, then new sign-ins, are asked to wait. */
export function parseLoad(read: Reader): Config['load'] {
  const threshold = (key: string) => (read.raw(key) === undefined ? null : read.integer(key, 1, MOST * 1000, 1))
  const load = { guests: threshold('guests'), signIns: threshold('signIns'), exempt: read.texts('exempt') }
  if (load.guests !== null && load.signIns !== null && load.guests > load.signIns)
    read.fault('guests', `must not be above signIns: guests wait first, ${load.guests} is more than ${load.signIns}`)
  if (load.exempt.length > 0 && load.signIns === null)
    read.fault('exempt', 'needs signIns: without it nobody who signs in is turned away')
  read.end()
  return load
}

/** Hosts that are shown inside other sites, and the sites that may show them. */
export function parseEmbed(read: Reader, host: string, hosts: readonly string[], scheme: string): Config['embed'] {
  const served = [host, ...hosts]
  const embed = { hosts: read.texts('hosts'), ancestors: read.texts('ancestors') }
  for (const [index, name] of embed.hosts.entries()) {
    if (!served.includes(name)) read.fault(`hosts.${index}`, `must be of ${served.join(', ')}, not "${name}"`)
  }
  for (const [index, origin] of embed.ancestors.entries()) {
    if (URL.parse(origin)?.origin === origin && origin.startsWith('https://')) continue
    read.fault(`ancestors.${index}`, `must be an exact origin such as https://discord.com, not "${origin}"`)
  }
  if (embed.hosts.length > 0 && embed.ancestors.length === 0)
    read.fault('ancestors', 'must name the sites that may show these hosts')
  if (embed.hosts.length > 0 && scheme !== 'https:')
    read.fault('hosts', 'needs https: browsers store no cookie for plain http inside another site')
  read.end()
  return embed
}
