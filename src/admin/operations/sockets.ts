import { ok } from '../../core/result.ts'
import type { Call, Outcome } from './call.ts'
import { type Operation, operation } from './define.ts'
import type { View } from './views.ts'

/** Live sockets of the process or isolate that answers, since it started: from counters, never by a scan. */
export async function countSockets(call: Call): Promise<Outcome<View>> {
  return ok({ ...call.gateway.metrics.sockets() })
}

/** Operations about live sockets. */
export const socketOperations: readonly Operation[] = [
  operation({ name: 'sockets.count', effect: 'read', needs: 'users' }, () => ({}), countSockets),
]
