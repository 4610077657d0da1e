import crypto from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'

/**
 * Runs `seed` while `node:crypto` hands out the same bytes in every run, then gives the real functions back.
 *
 * WHY: emulate invents the subject of each seeded person (`randomBytes`, `randomUUID`) and has no setting for it. A
 * subject that changes with every start would make a stranger of everybody who comes back, although state stays.
 * INVARIANT: nothing but seeding may run meanwhile: codes and tokens must stay random, so no request is served yet.
 */
export async function withSteadyRandomness<T>(label: string, seed: () => Promise<T>): Promise<T> {
  const real = { randomBytes: crypto.randomBytes, randomUUID: crypto.randomUUID }
  let drawn = 0
  const draw = (size: number): Buffer =>
    crypto.createHash('shake256', { outputLength: size }).update(`${label}:${drawn++}`).digest()
  const uuid = (): ReturnType<typeof crypto.randomUUID> => {
    const hex = draw(16).toString('hex')
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20)}`
  }
  Object.assign(crypto, { randomBytes: draw, randomUUID: uuid })
  syncBuiltinESMExports()
  try {
    return await seed()
  } finally {
    Object.assign(crypto, real)
    syncBuiltinESMExports()
  }
}
