import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { isReturnable } from '../../src/pipeline/undress.ts'
import { freshApiToken } from '../../src/session/api-token.ts'
import type { Workbench } from '../support/gateway.ts'
import { arrived, gameBench } from './support/bench.ts'

let bench: Workbench
beforeEach(async () => {
  bench = await gameBench()
})
afterEach(() => bench.close())

async function tokenOf(bench: Workbench): Promise<string> {
  const { user } = await bench.signedIn(['player'])
  const random = (count: number) => crypto.getRandomValues(new Uint8Array(count))
  const { text } = await freshApiToken(bench.gateway.apiMac, user.tag, random)
  return text
}

describe('an API token never reaches an upstream (security.md class "information leaks to upstream", row 258)', () => {
  test('on a public route, where it is not read', async () => {
    const token = await tokenOf(bench)
    const answer = await bench.request('/open', { headers: { authorization: `Bearer ${token}` } })
    expect(answer.status).toBe(200)
    expect(arrived(bench)).not.toContain('pst_')
  })

  test('in the second header, which the first one beats', async () => {
    const token = await tokenOf(bench)
    const headers = { authorization: 'Bearer of-the-game', 'x-api-token': token }
    await bench.request('/open', { headers })
    expect(arrived(bench)).not.toContain('pst_')
    expect(arrived(bench)).toContain('of-the-game')
  })

  test('behind another scheme', async () => {
    const token = await tokenOf(bench)
    await bench.request('/open', { headers: { authorization: `Digest ${token}` } })
    expect(arrived(bench)).not.toContain('pst_')
  })
})

describe('an upstream cannot plant a session (GHSA-r5rp-j6wh-rvv4, RFC 6265bis section 5.7)', () => {
  test.each([
    ['nameless', '=__Host-postern=planted; Path=/; Secure'],
    ['nameless after a blank', ' =__Host-postern=planted; Path=/; Secure'],
    ['in another case', '__HOST-Postern=planted; Path=/; Secure'],
    ['with a tab before the sign', '__Host-postern\t=planted; Path=/; Secure'],
    ['with a hard blank', '\u00a0__Host-postern=planted; Path=/; Secure'],
    ['of another port', '__Host-postern-8787=planted; Path=/; Secure'],
    ['for a sign-in attempt', '__Host-pt-abcdefgh=planted; Path=/; Secure'],
  ])('%s', (_, value) => {
    expect(isReturnable('Set-Cookie', value, [])).toBe(false)
  })

  test('and its own cookies pass, whatever their values say', () => {
    expect(isReturnable('set-cookie', 'theme=__Host-postern=1; Path=/', [])).toBe(true)
  })
})
