import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from 'jose'
import { expect, test } from 'vitest'
import { verifyAssertion } from '../../src/verify/index.ts'
import { guestOf } from '../support/guest.ts'
import { asking, type IdentityPlace, operate, restarted } from './identity-place.ts'

/** Lets a day pass for one key in the files of a store: it signs from now on. */
function dayPasses(state: string, kid: string): void {
  const files = readdirSync(state, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.sqlite'))
  const changed = files.map((file) => {
    const database = new DatabaseSync(join(state, file))
    const has = database.prepare("SELECT count(*) AS n FROM sqlite_master WHERE type = 'table' AND name = 'keys'").get()
    const earlier = "json_set(doc, '$.activeAt', json_extract(doc, '$.activeAt') - 86400)"
    const changes =
      has?.['n'] === 1 ? database.prepare(`UPDATE keys SET doc = ${earlier} WHERE kid = ?`).run(kid) : null
    database.close()
    return Number(changes?.changes ?? 0)
  })
  if (changed.reduce((sum, one) => sum + one, 0) !== 1) throw new Error(`key ${kid} is not in ${files.join(', ')}`)
}

/** Three keys at once, as they stand in the middle of a second rotation: the same on every runtime. */
export function keysTranscript(place: () => IdentityPlace, replace: (place: IdentityPlace) => void): void {
  const { url, issuer, options, listen, passed } = asking(place)

  test('previous, current and next key are published together; the current one signs, and what the previous one signed holds', async () => {
    listen()
    const cookie = (await guestOf(place().deployment.gateway)).cookie(url('/')) ?? ''
    const assertion = async () => String((await passed('/plain/x', cookie)).headers['postern-assertion'])
    const kidOf = (jws: string) => decodeProtectedHeader(jws).kid ?? ''
    const byFirst = await assertion()
    const first = kidOf(byFirst)
    const { kid: second } = (await operate(place(), 'keys.rotate')) as { readonly kid: string }
    replace(await restarted(place(), (state) => dayPasses(state, second)))
    const bySecond = await assertion()
    const { kid: third } = (await operate(place(), 'keys.rotate')) as { readonly kid: string }

    expect(new Set([first, second, third]).size).toBe(3)
    expect(kidOf(bySecond)).toBe(second)
    const { keys: states } = (await operate(place(), 'keys.list')) as {
      readonly keys: readonly { readonly kid: string; readonly state: string }[]
    }
    expect(Object.fromEntries(states.map(({ kid, state }) => [state, kid]))).toEqual({
      previous: first,
      current: second,
      next: third,
    })
    for (const address of [`${issuer()}/.well-known/jwks.json`, url('/.well-known/jwks.json')]) {
      const { keys } = (await (await fetch(address)).json()) as {
        readonly keys: readonly Readonly<Record<string, string>>[]
      }
      expect(keys.map(({ kid }) => kid).toSorted()).toEqual([first, second, third].toSorted())
      expect(keys.filter((key) => 'd' in key || key['alg'] !== place().algorithm)).toEqual([])
    }
    const at = (jws: string) => JSON.parse(Buffer.from(jws.split('.')[1] ?? '', 'base64url').toString()).iat + 5
    const { keys } = options('plain')
    const standard = createRemoteJWKSet(new URL(`${issuer()}/.well-known/jwks.json`))
    for (const jws of [byFirst, bySecond]) {
      // WHY: at its own time: the gateway was started anew in between, which takes longer on some machines than others.
      const told = { ...options('plain'), keys, now: () => at(jws) }
      expect(await verifyAssertion(jws, told)).toMatchObject({ kind: 'user' })
      await jwtVerify(jws, standard, { issuer: issuer(), audience: 'plain', currentDate: new Date(at(jws) * 1000) })
    }
    // Until it is its turn, the next one signs nothing.
    expect(kidOf(await assertion())).toBe(second)
  }, 90_000)
}
