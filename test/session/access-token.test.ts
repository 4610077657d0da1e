import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { seconds } from '../../src/core/brand.ts'
import { sessionTokenIn } from '../../src/session/access-token.ts'
import { type Opening, openSession, renewSession, rotateSession } from '../../src/session/open.ts'
import { askOf } from '../support/ask.ts'
import { type Workbench, workbench } from '../support/gateway.ts'
import { POLICIES } from './scene.ts'

/** RFC 6750 section 2.1. */
const B64TOKEN = /^[A-Za-z0-9\-._~+/]+=*$/

let bench: Workbench
let opening: Opening
beforeEach(async () => {
  bench = await workbench(POLICIES)
  const now = seconds(bench.clock.now)
  const { user } = await bench.signedIn(['player'])
  opening = { user, provider: 'google', authTime: now, provenAt: now, remember: 'forget' }
})
afterEach(() => bench.close())

function tokenOf(setCookie: string): string {
  return setCookie.slice(setCookie.indexOf('=') + 1, setCookie.indexOf(';'))
}

async function opened() {
  const result = await openSession(askOf({}), bench.gateway, opening)
  if (!result.ok) throw new Error(result.fault)
  return result.value
}

describe('the access token of a session', () => {
  test('is the secret of its cookie in a form of its own, of characters a bearer may have', async () => {
    const { accessToken, setCookie } = await opened()
    expect(accessToken).toBe(`pss_${tokenOf(setCookie)}`)
    expect(accessToken).toMatch(B64TOKEN)
    expect(accessToken).toHaveLength(59)
  })

  test('is a new one with each new secret', async () => {
    const { session, accessToken } = await opened()
    const renewed = await renewSession(askOf({}), bench.gateway, session, opening)
    if (!renewed.ok) throw new Error(renewed.fault)
    const rotated = await rotateSession(askOf({}), bench.gateway, opening.user, renewed.value.session)
    const all = [accessToken, renewed.value.accessToken, rotated?.accessToken]
    expect(new Set(all).size).toBe(3)
    expect(all[1]).toBe(`pss_${tokenOf(renewed.value.setCookie)}`)
    expect(all[2]).toBe(`pss_${tokenOf(rotated?.setCookie ?? '')}`)
  })

  test('gives the token of the session back, and no other form does', async () => {
    const { accessToken, setCookie } = await opened()
    const bare = tokenOf(setCookie)
    expect(sessionTokenIn(accessToken)).toBe(bare)
    for (const word of ['', bare, `PSS_${bare}`, `pst_${bare}`, ` ${accessToken}`])
      expect(sessionTokenIn(word)).toBe(null)
  })
})
