import { seconds } from '../../core/brand.ts'
import { digest } from '../../core/bytes.ts'
import type { NativeClient } from '../../ports/config.ts'
import type { Gateway } from '../../ports/gateway.ts'
import { StoreUnavailable } from '../../ports/store.ts'
import { claimRecord, fromNow, keepRecord, readRecord, takeRecord } from '../../session/side-record.ts'
import type { Approval } from './hand-out.ts'
import { freshSecret, isOurs } from './secret.ts'

/** How long a device waits for its player, seconds. */
export const DEVICE_SECONDS = 600
/** How often a device may ask at first, seconds (RFC 8628 section 3.2). */
export const FIRST_INTERVAL = 5
/** What one `slow_down` adds (RFC 8628 section 3.5), and where it stops adding. */
const SLOWER_SECONDS = 5
const SLOWEST_SECONDS = 60

/** Consonants only: no words, and nothing that looks like something else (RFC 8628 section 6.1). */
const LETTERS = 'BCDFGHJKLMNPQRSTVWXZ'
const CODE = new RegExp(`^[${LETTERS}]{8}$`)
/** Bytes from here on would make some letters likelier than others. */
const EVEN = 256 - (256 % LETTERS.length)
/** Two codes that wait are never the same; so many tries find a free one. */
const TRIES = 5

/** What a player's code stands for. */
export interface Asked {
  /** Digest of the device's code. */
  readonly id: string
  readonly client: string
  /** Roughly where the device is; null: not known. */
  readonly place: string | null
  readonly expiresAt: number
}

/** What a device's code stands for. */
interface Waiting {
  readonly client: string
  readonly expiresAt: number
  readonly interval: number
}

/** The one spelling of a typed code; null when it cannot be one. */
export function userCodeOf(typed: string): string | null {
  const code = typed.toUpperCase().replace(/[\s.·‐-―−_-]/g, '')
  return CODE.test(code) ? code : null
}

/** A code as people read it. */
export function readable(code: string): string {
  return `${code.slice(0, 4)}-${code.slice(4)}`
}

function freshUserCode({ runtime }: Gateway): string {
  let code = ''
  while (code.length < 8) {
    for (const byte of runtime.random(16)) if (byte < EVEN) code += LETTERS[byte % LETTERS.length]
  }
  return code.slice(0, 8)
}

/**
 * A device begins to wait: one code for it, which only it knows, and one for its player.
 *
 * @see RFC 8628 sections 3.2 and 6.1
 */
export async function beginDevice(
  gateway: Gateway,
  client: NativeClient,
  place: string | null,
): Promise<{ readonly deviceCode: string; readonly userCode: string }> {
  const deviceCode = await freshSecret(gateway, 'device-code')
  const id = await digest(deviceCode)
  const expiresAt = fromNow(gateway, DEVICE_SECONDS)
  const asked: Asked = { id, client: client.id, place, expiresAt }
  for (let tries = 0; tries < TRIES; tries++) {
    const userCode = freshUserCode(gateway)
    if (!(await claimRecord(gateway, 'user-code', userCode, JSON.stringify(asked), expiresAt))) continue
    await keepWaiting(gateway, id, { client: client.id, expiresAt, interval: FIRST_INTERVAL })
    return { deviceCode, userCode }
  }
  throw new Error('no free code for a device: the randomness of this runtime repeats itself')
}

function keepWaiting(gateway: Gateway, id: string, waiting: Waiting): Promise<void> {
  // WHY: known for as long again, so that a late device hears that its code has run out.
  return keepRecord(gateway, 'device', id, JSON.stringify(waiting), fromNow(gateway, 2 * DEVICE_SECONDS))
}

/** What waits under a player's code; null when nothing does. */
export async function findAsked(gateway: Gateway, userCode: string): Promise<Asked | null> {
  const kept = await readRecord(gateway, 'user-code', userCode)
  return kept === null ? null : (JSON.parse(kept) as Asked)
}

/** A player decides, once for each code: false when somebody did before, or the code has run out. */
export async function decideDevice(gateway: Gateway, userCode: string, approval: Approval | null): Promise<boolean> {
  const kept = await takeRecord(gateway, 'user-code', userCode)
  if (kept === null) return false
  const { id } = JSON.parse(kept) as Asked
  return claimRecord(gateway, 'device-answer', id, JSON.stringify(approval), fromNow(gateway, DEVICE_SECONDS))
}

/** What a device hears when it asks. */
export type Polled =
  | { readonly kind: 'unknown' | 'expired' | 'slow' | 'pending' | 'refused' }
  | { readonly kind: 'allowed'; readonly approval: Approval }

/** A device asks. What was decided stays until `closeDevice`, so that no outage on the way loses it. */
export async function pollDevice(gateway: Gateway, client: NativeClient, deviceCode: string): Promise<Polled> {
  if (!(await isOurs(gateway, 'device-code', deviceCode))) return { kind: 'unknown' }
  const id = await digest(deviceCode)
  const kept = await readRecord(gateway, 'device', id)
  const waiting = kept === null ? null : (JSON.parse(kept) as Waiting)
  if (waiting === null || waiting.client !== client.id) return { kind: 'unknown' }
  if (waiting.expiresAt <= gateway.runtime.now()) return { kind: 'expired' }
  if (await isHasty(gateway, id, waiting)) return { kind: 'slow' }
  const answer = await readRecord(gateway, 'device-answer', id)
  if (answer === null) return { kind: 'pending' }
  const approval = JSON.parse(answer) as Approval | null
  return approval === null ? { kind: 'refused' } : { kind: 'allowed', approval }
}

/** A device hears what was decided: whether this call of it is the first that does, and may be told. */
export async function closeDevice(gateway: Gateway, deviceCode: string): Promise<'first' | 'later'> {
  const id = await digest(deviceCode)
  try {
    if ((await takeRecord(gateway, 'device-answer', id)) === null) return 'later'
    await takeRecord(gateway, 'device', id)
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) throw error
    // TRADE-OFF: the code is worth one and the same session, so whoever holds it may be told of that twice; a session
    // that is stored and told to nobody would be worse.
    gateway.runtime.observe({ kind: 'store-unavailable', operation: error.operation, reason: error.message })
  }
  return 'first'
}

/** Whether a device asks sooner than it was told; then it waits longer from here on. */
async function isHasty(gateway: Gateway, id: string, waiting: Waiting): Promise<boolean> {
  const { rates } = gateway.store
  const now = gateway.runtime.now()
  const asks = (interval: number) => rates.hit(`device:${id}:${interval}`, 1, seconds(interval), now)
  if ((await asks(waiting.interval)).allowed) return false
  const interval = Math.min(waiting.interval + SLOWER_SECONDS, SLOWEST_SECONDS)
  await keepWaiting(gateway, id, { ...waiting, interval })
  // WHY: the longer pause begins now.
  await asks(interval)
  return true
}
