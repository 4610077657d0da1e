import { ok } from '../../core/result.ts'
import { type Call, type Outcome, refused } from './call.ts'
import { type Operation, operation } from './define.ts'
import type { View } from './views.ts'

/** A whole copy of the embedded store beside its file, made while it serves; it holds the root secret and the keys. */
export async function backupStore(call: Call): Promise<Outcome<View>> {
  const { backup, runtime } = call.gateway
  if (backup === null)
    return refused('not-found', 'this store is no file of the gateway: use the backups of Redis or of the platform')
  if (call.mode === 'rehearse') return ok({ file: null })
  const stamp = new Date(runtime.now() * 1000).toISOString().replace(/[-:]|\.000/g, '')
  return ok({ file: await backup(stamp) })
}

/** Operations about the store as a whole. */
export const backupOperations: readonly Operation[] = [
  operation({ name: 'store.backup', effect: 'write', needs: 'operator' }, () => ({}), backupStore),
]
