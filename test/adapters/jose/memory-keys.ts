import type { Seconds } from '../../../src/core/brand.ts'
import type { AuditNote } from '../../../src/ports/audit.ts'
import type { KeyStore, StoredKey } from '../../../src/ports/keys.ts'

/** A key store in memory: the contract of `KeyStore`, nothing less. */
export class MemoryKeys implements KeyStore {
  readonly keys: StoredKey[] = []
  readonly notes: AuditNote[] = []
  reads = 0
  down = false

  async list(purpose: StoredKey['purpose'], now: Seconds): Promise<readonly StoredKey[]> {
    this.reads += 1
    if (this.down) throw new Error('the store is down')
    return this.keys.filter((key) => key.purpose === purpose && (key.retiredAt === null || key.retiredAt > now))
  }

  async ensure(purpose: StoredKey['purpose'], fresh: StoredKey, now: Seconds): Promise<readonly StoredKey[]> {
    const stored = await this.list(purpose, now)
    if (stored.length > 0) return stored
    this.keys.push(fresh)
    return [fresh]
  }

  async add(
    key: StoredKey,
    retire: { readonly kid: string; readonly at: Seconds } | null,
    audit: AuditNote,
  ): Promise<void> {
    if (this.down) throw new Error('the store is down')
    this.keys.push(key)
    if (retire !== null) this.#end(retire.kid, retire.at)
    this.notes.push(audit)
  }

  async retire(kid: string, at: Seconds, audit: AuditNote): Promise<boolean> {
    if (!this.#end(kid, at)) return false
    this.notes.push(audit)
    return true
  }

  #end(kid: string, at: Seconds): boolean {
    const place = this.keys.findIndex((key) => key.kid === kid)
    const key = this.keys[place]
    if (key === undefined) return false
    this.keys[place] = { ...key, retiredAt: at }
    return true
  }
}
