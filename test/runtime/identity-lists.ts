import { beforeAll, expect, test } from 'vitest'
import { listHash } from '../../src/identity/claims.ts'
import { type VerifiedUser, verifyAssertion } from '../../src/verify/index.ts'
import { guestOf } from '../support/guest.ts'
import { ask } from '../support/http.ts'
import { asking, type IdentityPlace, personOf } from './identity-place.ts'

const KEEPERS = Array.from({ length: 40 }, (_, n) => `keeper_of_department_${String(n).padStart(2, '0')}`)

/** Lists that are too long for an assertion: its hash stands for them, and an address gives them: the same on every runtime. */
export function listsTranscript(place: () => IdentityPlace): void {
  const { url, issuer, options, listen, passed } = asking(place)
  beforeAll(listen)

  /** What the service is told, and what it gets when it asks where it is told to. */
  async function toldAndAsked(cookie: string) {
    const { headers } = await passed('/plain/x', cookie)
    const assertion = String(headers['postern-assertion'])
    const { claims, roles, permissions } = (await verifyAssertion(assertion, options('plain'))) as VerifiedUser
    const address = String(claims['permissions_url'])
    const answer = await ask(address, { headers: { authorization: `Bearer ${assertion}` } })
    const lists = (await answer.json()) as { readonly roles: string[]; readonly permissions: string[] }
    return { headers, claims, roles, permissions, address, lists }
  }

  test('permissions are a hash, and an address that gives the list for the assertion', async () => {
    const cookie = (await guestOf(place().deployment.gateway)).cookie(url('/')) ?? ''
    const { headers, claims, roles, permissions, address, lists } = await toldAndAsked(cookie)
    expect([roles, permissions]).toEqual([['guest'], null])
    expect([headers['postern-permissions-url'], address]).toEqual([
      `${issuer()}/permissions`,
      `${issuer()}/permissions`,
    ])
    expect(lists.permissions).toHaveLength(61)
    expect(await listHash(lists.permissions)).toBe(claims['permissions_hash'])
    expect(claims['roles_hash']).toBeUndefined()
  })

  test('roles are a hash, and the address gives the list', async () => {
    const given = ['referee', 'player', ...KEEPERS]
    const cookie = (await personOf(place(), given)).cookie(url('/')) ?? ''
    const { headers, claims, roles, permissions, address, lists } = await toldAndAsked(cookie)
    expect([claims['roles'], roles, permissions]).toEqual([undefined, null, ['rooms.enter']])
    expect([claims['primary_role'], headers['postern-primary-role']]).toEqual(['referee', 'referee'])
    expect([headers['postern-permissions-url'], address]).toEqual([
      `${issuer()}/permissions`,
      `${issuer()}/permissions`,
    ])
    expect(headers['postern-roles']).toBeUndefined()
    expect(lists.roles.toSorted()).toEqual(given.toSorted())
    expect(await listHash(lists.roles)).toBe(claims['roles_hash'])
    expect(await listHash(lists.roles.slice(1))).not.toBe(claims['roles_hash'])
    expect(claims['permissions_hash']).toBeUndefined()
  })

  test('the address gives nothing without an assertion, or for one that was changed', async () => {
    const cookie = (await guestOf(place().deployment.gateway)).cookie(url('/')) ?? ''
    const { headers } = await passed('/plain/x', cookie)
    const [head, , signature] = String(headers['postern-assertion']).split('.')
    const forged = Buffer.from(JSON.stringify({ iss: issuer(), aud: 'plain', sub: 'x' })).toString('base64url')
    const address = `${issuer()}/permissions`
    const statuses = [
      await ask(address),
      await ask(address, { headers: { cookie } }),
      await ask(address, { headers: { authorization: `Bearer ${head}.${forged}.${signature}` } }),
    ].map(({ status }) => status)
    expect(statuses).toEqual([401, 401, 401])
  })
}
