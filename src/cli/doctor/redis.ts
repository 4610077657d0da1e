import { createClient } from 'redis'
import { scrubbed } from '../../adapters/redis/driver.ts'
import { isThisMachine } from '../../core/address.ts'
import type { StoreConfig } from '../../ports/config.ts'
import type { Settings } from '../settings.ts'
import { type DoctorNote, note } from './notes.ts'
import { failureCode, type Reach } from './reach.ts'

const TIMEOUT_MS = 4_000
const TOKEN = /^(NOAUTH|WRONGPASS|NOPERM)$/

type Pinged = { readonly kind: 'failed'; readonly code: string } | { readonly kind: 'answered'; readonly info: string }

async function ping(url: string): Promise<Pinged> {
  const client = createClient({
    url,
    disableOfflineQueue: true,
    socket: { connectTimeout: TIMEOUT_MS, reconnectStrategy: false },
  })
  client.on('error', () => undefined)
  try {
    await client.connect()
    await client.ping()
    // WHY: not CONFIG, which hosted servers refuse; who refuses this one, too, is asked no further.
    return { kind: 'answered', info: await client.info().catch(() => '') }
  } catch (error) {
    const code = scrubbed(error instanceof Error ? error.message : '')
    return { kind: 'failed', code: TOKEN.test(code) ? code : failureCode(error) }
  } finally {
    if (client.isOpen) client.destroy()
  }
}

/** The address without its user and password: for messages. */
function shownUrl(url: string): string {
  const parsed = URL.parse(url)
  return parsed === null ? 'its address' : `${parsed.protocol}//${parsed.host}`
}

/** What a server says of itself that keeps it from being a store. */
function unfit(shown: string, info: string): readonly DoctorNote[] {
  const said = (name: string) => new RegExp(`^${name}:(\\S*)`, 'm').exec(info)?.[1] ?? ''
  const policy = said('maxmemory_policy')
  const mayEvict = policy !== '' && policy !== 'noeviction' && said('maxmemory') !== '0'
  const evicts = `${shown} throws records out when its memory is full (maxmemory-policy ${policy}): players are signed out, and sessions that were ended may count again`
  return [
    ...(mayEvict ? [note('store', 'warning', `${evicts}; set noeviction`)] : []),
    ...(said('role') === 'slave'
      ? [note('store', 'error', `${shown} is a replica, which takes no writes: name the primary server`)]
      : []),
  ]
}

async function examineTcp(name: string, url: string, reach: Reach): Promise<readonly DoctorNote[]> {
  const parsed = URL.parse(url)
  const isOpen = parsed?.protocol === 'redis:' && !isThisMachine(parsed.hostname)
  const plain = isOpen
    ? [
        note(
          'store',
          'warning',
          `${name} leads to ${shownUrl(url)} without TLS: sessions cross the network unprotected; write rediss://`,
        ),
      ]
    : []
  if (!reach.mayAsk(url)) return [...plain, note('store', 'skipped', `${shownUrl(url)} was not asked: add --online`)]
  const pinged = await ping(url)
  if (pinged.kind === 'answered')
    return [...plain, note('store', 'ok', `${shownUrl(url)} answers`), ...unfit(shownUrl(url), pinged.info)]
  const { code } = pinged
  const told = TOKEN.test(code)
    ? `refuses the password in ${name} (${code}): copy it again from where the store is run`
    : `does not answer (${code}): start it, or correct ${name}`
  return [...plain, note('store', 'error', `${shownUrl(url)} ${told}`)]
}

async function examineRest(
  names: { readonly url: string; readonly token: string },
  settings: Settings,
  reach: Reach,
): Promise<DoctorNote> {
  const url = settings(names.url)?.value ?? ''
  const token = settings(names.token)?.value ?? ''
  const reached = await reach.ask(url, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: '["PING"]',
  })
  const shown = shownUrl(url)
  if (reached.kind === 'not-asked') return note('store', 'skipped', `${shown} was not asked: add --online`)
  if (reached.kind === 'failed')
    return note('store', 'error', `${shown} does not answer (${reached.code}): correct ${names.url}`)
  if (reached.status === 401 || reached.status === 403)
    return note(
      'store',
      'error',
      `${shown} refuses the token in ${names.token} (${reached.status}): copy it again from the console of the store`,
    )
  if (reached.status === 200) return note('store', 'ok', `${shown} answers`)
  return note(
    'store',
    'error',
    `${shown} answers ${reached.status}: ${names.url} is not the address of a REST interface`,
  )
}

/** Whether a Redis store answers, and takes its password or token. */
export async function examineRedis(
  store: Exclude<StoreConfig, { readonly kind: 'embedded' }>,
  settings: Settings,
  reach: Reach,
): Promise<readonly DoctorNote[]> {
  const url = settings(store.url.secret)?.value
  // WHY: what is missing or misplaced was told among the secrets already.
  if (url === undefined || URL.parse(url.split(',')[0] ?? '') === null) return []
  if (store.kind === 'upstash') {
    if (!/^https?:/.test(url)) return []
    return [await examineRest({ url: store.url.secret, token: store.token.secret }, settings, reach)]
  }
  if (!/^rediss?:/.test(url)) return []
  const notes = await Promise.all(url.split(',').map((one) => examineTcp(store.url.secret, one, reach)))
  return notes.flat()
}
