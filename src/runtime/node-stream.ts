import type { ServerResponse } from 'node:http'
import type { Ask } from '../core/ask.ts'
import type { Allowed } from '../pipeline/forward.ts'
import { type Closing, type Lease, leaseTerms } from '../pipeline/lease.ts'
import { isLasting } from '../pipeline/stream.ts'
import type { PumpRoom } from './node-pump.ts'
import { underWayOn } from './node-under-way.ts'

/**
 * Looks after a raw answer that has just begun: one whose length nobody knows reaches its client at once, head first; one
 * that lasts is held under a lease, like a socket.
 *
 * @param raw - names and values of the upstream's head
 */
export function holdRaw(
  raw: readonly string[],
  outgoing: ServerResponse,
  ask: Ask,
  allowed: Allowed,
  room: PumpRoom,
): void {
  let type: string | null = null
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i] ?? ''
    if (name.length === 14 && name.toLowerCase() === 'content-length') return
    if (name.length === 12 && name.toLowerCase() === 'content-type') type = raw[i + 1] ?? ''
  }
  // WHY: Node keeps a head back until the first piece of the body, which may be minutes away, and `flushHeaders` writes it as
  // UTF-8: every byte beyond ASCII would become two.
  setImmediate(() => {
    if (!outgoing.writableEnded && !outgoing.destroyed) outgoing.write('', 'latin1')
  })
  if (isLasting(type)) holdLasting(outgoing, ask, allowed, room)
}

/** Cuts a lasting answer when its lease is lost, when it is too old, or when the process ends. */
function holdLasting(outgoing: ServerResponse, ask: Ask, { rule, subject }: Allowed, room: PumpRoom): void {
  const { gateway, leases, open } = room
  const { socket } = outgoing.req
  const terms = leaseTerms(ask, rule, subject)
  const began = gateway.runtime.ticks()
  const end = ({ reason }: Closing) => {
    const sid = subject?.kind === 'session' ? subject.session.sid : null
    const seconds = Math.round((gateway.runtime.ticks() - began) / 1000)
    gateway.runtime.observe({ kind: 'stream-cut', requestId: ask.requestId, rule: rule.id, reason, sid, seconds })
    socket.destroy()
  }
  const lease: Lease | null =
    terms === null || terms.subject === null
      ? null
      : { ask: terms.ask, subject: terms.subject, confirmedAt: gateway.runtime.now(), end }
  const age = terms?.maxAgeSeconds ?? null
  const timer = age === null ? null : setTimeout(() => end({ code: 1012, reason: 'reconnect' }), age * 1000)
  open.add(end)
  if (lease !== null) leases.add(lease)
  const over = () => {
    underWay.delete(held)
    open.delete(end)
    if (lease !== null) leases.remove(lease)
    if (timer !== null) clearTimeout(timer)
  }
  const held = { clientGone: over }
  const underWay = underWayOn(socket).add(held)
  outgoing.once('close', over)
}
