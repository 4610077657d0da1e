import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Workbench } from '../support/gateway.ts'
import { workbench } from '../support/gateway.ts'
import { atDoor, type Benches, benchesOn, KEY, PLATFORM, read, STORES } from './support/bench.ts'

describe.each(STORES)('the operator door on %s', (kind) => {
  let benches: Benches
  let bench: Workbench
  beforeAll(async () => {
    benches = await benchesOn(kind)
  })
  afterAll(() => benches.stop())
  beforeEach(async () => {
    bench = await benches.bench(PLATFORM)
  })

  async function call(headers: Readonly<Record<string, string>>, init: RequestInit = {}) {
    const all = { 'content-type': 'application/json', ...headers }
    return read(
      await bench.request('/auth/operator/v1/sessions.count', { method: 'POST', body: '{}', ...init, headers: all }),
    )
  }

  test('it answers the holder of the key', async () => {
    expect(await atDoor(bench, 'sessions.count')).toMatchObject({ status: 200, body: { active: 0, total: 0 } })
  })

  test('without a key in the deployment it is not there', async () => {
    const closed = await workbench(PLATFORM)
    const answered = await atDoor(closed, 'sessions.count')
    expect(answered).toMatchObject({ status: 404, body: { code: 'not_found' } })
    expect(closed.calls).not.toContain('rates.hit')
    closed.close()
  })

  test('a missing key is refused', async () => {
    const answered = await call({})
    expect(answered).toMatchObject({ status: 401, body: { code: 'token_invalid' } })
    expect(answered.headers.get('www-authenticate')).toContain('Bearer')
  })

  test('a wrong key is refused, whichever character is wrong', async () => {
    expect((await call({ authorization: `Bearer X${KEY.slice(1)}` })).status).toBe(401)
    expect((await call({ authorization: `Bearer ${KEY.slice(0, -1)}X` })).status).toBe(401)
    expect((await call({ authorization: `Bearer ${KEY}X` })).status).toBe(401)
    expect((await call({ authorization: `Basic ${KEY}` })).status).toBe(401)
    expect((await call({ 'x-api-token': KEY })).status).toBe(401)
  })

  test('the key is not taken from the address', async () => {
    const response = await bench.request(`/auth/operator/v1/sessions.count?key=${KEY}`, { method: 'POST', body: '{}' })
    expect(response.status).toBe(400)
    expect(await response.text()).toContain('token_in_url')
  })

  test.each([
    ['cookie', 'a=b'],
    ['origin', 'https://play.example.com'],
    ['sec-fetch-site', 'same-origin'],
  ])('a right key beside %s is refused', async (name, value) => {
    const answered = await call({ authorization: `Bearer ${KEY}`, [name]: value })
    expect(answered).toMatchObject({ status: 403, body: { code: 'cross_site' } })
  })

  test('another method than POST is refused', async () => {
    const headers = { authorization: `Bearer ${KEY}` }
    const answered = await read(await bench.request('/auth/operator/v1/sessions.count', { headers }))
    expect(answered.status).toBe(405)
    expect(answered.headers.get('allow')).toBe('POST')
  })

  test('wrong keys are counted: the 21st in a minute is 429, and the right one still goes', async () => {
    for (let n = 0; n < 20; n++) expect((await call({ authorization: 'Bearer wrong' })).status).toBe(401)
    const late = await call({ authorization: 'Bearer wrong' })
    expect(late).toMatchObject({ status: 429, body: { code: 'rate_limited' } })
    expect(Number(late.headers.get('retry-after'))).toBeGreaterThan(0)
    expect((await atDoor(bench, 'sessions.count')).status).toBe(200)
  })

  test('wrong keys are counted for a whole /64 of IPv6, and fiftyfold where the address is unknown', async () => {
    const init = { method: 'POST', headers: { authorization: 'Bearer wrong' } }
    const status = async (from: string | null) => (await bench.request('/auth/operator/v1/x', init, from)).status
    for (let n = 0; n < 20; n++) expect(await status(`2001:db8::${n}`)).toBe(401)
    expect(await status('2001:db8::20')).toBe(429)
    expect(await status('2001:db8:0:1::')).toBe(401)
    for (let n = 0; n < 1_000; n++) {
      const now = bench.gateway.runtime.now()
      await bench.store.rates.hit('operator-refused:unknown', 1_000, 60 as typeof now, now)
    }
    expect(await status(null)).toBe(429)
  })

  test('twenty wrong keys from nowhere shut nobody out', async () => {
    const init = { method: 'POST', headers: { authorization: 'Bearer wrong' } }
    for (let n = 0; n < 21; n++) expect((await bench.request('/auth/operator/v1/x', init, null)).status).toBe(401)
  })

  test('calls are counted: the 601st in a minute is 429', async () => {
    for (let n = 0; n < 600; n++) {
      const now = bench.gateway.runtime.now()
      await bench.store.rates.hit('operator:203.0.113.7', 600, 60 as typeof now, now)
    }
    expect((await atDoor(bench, 'sessions.count')).status).toBe(429)
  })

  test('every call is written down, a refused operation too', async () => {
    await atDoor(bench, 'users.show', { user: 'nobody' })
    const page = await bench.store.audit.read(
      { from: null, to: null, subject: null, event: 'operator-called' },
      { after: null, limit: 10 },
    )
    expect(page.items).toMatchObject([{ actor: 'operator', detail: { operation: 'users.show', dry_run: false } }])
  })

  test('a wrong key writes nothing down', async () => {
    await call({ authorization: 'Bearer wrong' })
    const any = { from: null, to: null, subject: null, event: null }
    expect((await bench.store.audit.read(any, { after: null, limit: 10 })).items).toEqual([])
  })

  test('an unknown operation names the one that was meant', async () => {
    const answered = await atDoor(bench, 'users.bann')
    expect(answered).toMatchObject({ status: 404, body: { where: 'operation', hint: 'did you mean "users.ban"?' } })
  })

  test('a body that is no JSON, no object, or not said to be JSON is 400', async () => {
    const authorization = `Bearer ${KEY}`
    expect((await call({ authorization }, { body: '{' })).status).toBe(400)
    expect((await call({ authorization }, { body: '[]' })).status).toBe(400)
    expect((await call({ authorization, 'content-type': 'text/plain' }, { body: '{}' })).status).toBe(400)
  })

  test('an unknown field is told with its place', async () => {
    const answered = await atDoor(bench, 'users.ban', { user: 'x', reasn: 'y' })
    expect(answered).toMatchObject({ status: 400, body: { code: 'bad_body' } })
    expect(answered.body['problems']).toContainEqual({
      where: 'reasn',
      what: 'is not a known setting; did you mean "reason"?',
    })
  })

  test('a body over 64 KiB is 413, with or without a length', async () => {
    const authorization = `Bearer ${KEY}`
    const body = JSON.stringify({ user: 'x'.repeat(70_000) })
    expect((await call({ authorization }, { body })).status).toBe(413)
    const stream = new Response(body).body
    const init = { method: 'POST', body: stream, duplex: 'half' } as RequestInit
    expect((await call({ authorization }, init)).status).toBe(413)
  })

  test('no answer, observation or record holds the key', async () => {
    await atDoor(bench, 'sessions.count')
    await atDoor(bench, 'users.show', { user: KEY.slice(0, 5) })
    const wrong = await call({ authorization: `Bearer ${KEY}`, cookie: 'a=b' })
    const any = { from: null, to: null, subject: null, event: null }
    const records = (await bench.store.audit.read(any, { after: null, limit: 100 })).items
    expect(JSON.stringify([wrong, bench.observed, records])).not.toContain(KEY)
  })

  test('a call is observed by operation, without input', async () => {
    await atDoor(bench, 'users.list', { text: 'canary' })
    expect(bench.observed).toContainEqual(expect.objectContaining({ kind: 'request', rule: 'operator:users.list' }))
    expect(JSON.stringify(bench.observed)).not.toContain('canary')
  })

  test('a rehearsal checks everything and writes nothing but that it was called', async () => {
    const { user } = await bench.signedIn(['padawan'])
    const headers = { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' }
    const body = JSON.stringify({ user: user.id, reason: 'test' })
    const response = await bench.request('/auth/operator/v1/users.ban?dry_run=1', { method: 'POST', headers, body })
    expect(response.status).toBe(200)
    expect((await bench.store.directory.read(user.id))?.standing.kind).toBe('active')
  })

  test('a write with any other query is refused, and done neither for real nor in rehearsal', async () => {
    const { user } = await bench.signedIn(['padawan'])
    const headers = { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' }
    const body = JSON.stringify({ user: user.id, reason: 'test' })
    for (const query of ['?dry_run=true', '?dry_run', '?dry_run=0', '?dry-run=1', '?dry_run=1&x=1', '?reason=x']) {
      const path = `/auth/operator/v1/users.ban${query}`
      const refused = await read(await bench.request(path, { method: 'POST', headers, body }))
      const told = { code: 'bad_body', where: 'query', hint: expect.stringContaining('?dry_run=1') }
      expect(refused, query).toMatchObject({ status: 400, body: { ...told, what: expect.stringContaining(query) } })
    }
    expect((await bench.store.directory.read(user.id))?.standing.kind).toBe('active')
    const counted = { method: 'POST', headers, body: '{}' }
    expect((await bench.request('/auth/operator/v1/sessions.count?x=1', counted)).status).toBe(200)
  })
})

test('a gateway does not start with a key that is short, malformed or another secret', async () => {
  const started = (key: string) => workbench(PLATFORM, {}, { secrets: { POSTERN_OPERATOR_KEY: key } })
  await expect(started('x'.repeat(42))).rejects.toThrow('POSTERN_OPERATOR_KEY has 42 characters')
  await expect(started(`${'x'.repeat(42)} `)).rejects.toThrow('at least 43 of base64url are needed')
  const root = 'r'.repeat(43)
  const twice = workbench(PLATFORM, {}, { secrets: { POSTERN_OPERATOR_KEY: root, POSTERN_ROOT_SECRET: root } })
  await expect(twice).rejects.toThrow('is also used as another secret')
})

test('with a silent store the door says so, and does nothing', async () => {
  const bench = await workbench(PLATFORM, {}, { secrets: { POSTERN_OPERATOR_KEY: KEY } })
  bench.close()
  const answered = await atDoor(bench, 'sessions.count')
  expect(answered.status).toBe(503)
  expect(answered.headers.get('retry-after')).not.toBeNull()
})
