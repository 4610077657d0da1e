import { type Seconds, seconds } from '../../../src/core/brand.ts'
import type { AuditNote } from '../../../src/ports/audit.ts'
import type { KeyEnd, KeyStore, StoredKey } from '../../../src/ports/keys.ts'

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

  async add(key: StoredKey, ends: KeyEnd, audit: AuditNote): Promise<StoredKey | null> {
    if (this.down) throw new Error('the store is down')
    const open = this.keys.filter(
      ({ purpose, retiredAt }) => purpose === key.purpose && (retiredAt === null || retiredAt > audit.at),
    )
    const waiting = open.find(({ kid, activeAt }) => kid !== ends.kid && activeAt > audit.at)
    if (key.activeAt > audit.at && waiting !== undefined) return waiting
    this.keys.push(key)
    for (const { kid } of open) if (ends.kid === null || ends.kid === kid) this.#end(kid, ends.at)
    this.notes.push(audit)
    return null
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
    this.keys[place] = { ...key, retiredAt: seconds(Math.min(key.retiredAt ?? at, at)) }
    return true
  }
}
