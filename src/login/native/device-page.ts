import type { Answer } from '../../core/answer.ts'
import type { Ask } from '../../core/ask.ts'
import { seconds } from '../../core/brand.ts'
import { deviceCode, deviceConfirm, deviceDone } from '../../pages/device.ts'
import { refuse } from '../../pages/refuse.ts'
import type { Gateway } from '../../ports/gateway.ts'
import { overBudget } from '../budget.ts'
import type { Person } from '../caller.ts'
import { decider, onlooker, showAlone } from './deciding.ts'
import { type Asked, decideDevice, findAsked, readable, userCodeOf } from './device-grant.ts'
import { approvalOf, hasRoom } from './hand-out.ts'

/** Codes one person may try in the life of one (RFC 8628 section 5.1). */
const TRIES_PER_PERSON = 20

/** `GET {prefix}/device`: where a player types the code of a device, or compares the one of the link. It decides nothing. */
export async function devicePage(ask: Ask, gateway: Gateway): Promise<Answer> {
  if (gateway.config.nativeClients.length === 0) return refuse(ask, gateway, 'not-found')
  const typed = new URLSearchParams(ask.target.query).get('user_code')
  const called = await onlooker(ask, gateway, 'device', typed)
  if ('answer' in called) return called.answer
  return typed === null ? codePage(ask, gateway, called.who, null) : compare(ask, gateway, called.who, typed)
}

/**
 * `POST {prefix}/device`: the typed code, then the decision, each by a form of ours.
 *
 * @param form - `user_code`, and `decision` in the second one; nothing of the address counts
 * @see RFC 8628 sections 3.3 and 5.4
 */
export async function decideOnDevice(ask: Ask, gateway: Gateway, form: URLSearchParams): Promise<Answer> {
  if (gateway.config.nativeClients.length === 0) return refuse(ask, gateway, 'not-found')
  const typed = form.get('user_code') ?? ''
  const called = await decider(ask, gateway, 'device', form, typed)
  if ('answer' in called) return called.answer
  const { who } = called
  const decision = form.get('decision')
  if (decision !== 'allow' && decision !== 'refuse') return compare(ask, gateway, who, typed)
  const code = userCodeOf(typed)
  if (code === null) return codePage(ask, gateway, who, typed)
  const over = await tooManyCodes(ask, gateway, who)
  if (over !== null) return over
  if (decision === 'allow' && !(await hasRoom(gateway, who)))
    return refuse(ask, gateway, 'too-many-sessions', { subject: who })
  const approval = decision === 'allow' ? await approvalOf(gateway, who, 'device') : null
  if (!(await decideDevice(gateway, code, approval))) return codePage(ask, gateway, who, typed)
  const props = { decision: decision === 'allow' ? 'allowed' : 'refused' } as const
  return showAlone(ask, gateway, who, (frame) => deviceDone(frame, props))
}

async function compare(ask: Ask, gateway: Gateway, who: Person, typed: string): Promise<Answer> {
  const code = userCodeOf(typed)
  if (code === null) return codePage(ask, gateway, who, typed)
  const over = await tooManyCodes(ask, gateway, who)
  if (over !== null) return over
  const asked = await findAsked(gateway, code)
  const client = asked === null ? null : nameOf(gateway, asked)
  if (asked === null || client === null) return codePage(ask, gateway, who, typed)
  const action = `${gateway.config.prefix}/device`
  const props = { action, code: readable(code), client, place: asked.place }
  return showAlone(ask, gateway, who, (frame) => deviceConfirm(frame, props))
}

/** WHY: a client that was taken out of the configuration meanwhile gets nothing any more. */
function nameOf({ config }: Gateway, { client }: Asked): string | null {
  return config.nativeClients.find(({ id }) => id === client)?.name ?? null
}

/** @param typed - a code that is not known; null: none was typed yet */
function codePage(ask: Ask, gateway: Gateway, who: Person, typed: string | null): Answer {
  const action = `${gateway.config.prefix}/device`
  const problem = typed === null || typed === '' ? 'none' : 'unknown'
  return showAlone(ask, gateway, who, (frame) => deviceCode(frame, { action, code: typed, problem }))
}

async function tooManyCodes(ask: Ask, gateway: Gateway, who: Person): Promise<Answer | null> {
  const { store, runtime } = gateway
  const hit = await store.rates.hit(`user-codes:${who.user.id}`, TRIES_PER_PERSON, seconds(600), runtime.now())
  if (hit.allowed) return overBudget(ask, gateway, 'user-code')
  return refuse(ask, gateway, 'too-many-tries', { subject: who, headers: [['retry-after', String(hit.retryAfter)]] })
}
