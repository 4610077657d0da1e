import type { AuditRecord } from '../../../src/ports/audit.ts'
import type { House } from './house.ts'

/** What the record says of sign-ins that came to nothing, oldest first. */
export async function refusedSignIns({ bench }: House): Promise<readonly AuditRecord[]> {
  await bench.settle()
  const filter = { from: null, to: null, subject: null, event: 'sign-in-refused' } as const
  return (await bench.store.audit.read(filter, { after: null, limit: 100 })).items
}
