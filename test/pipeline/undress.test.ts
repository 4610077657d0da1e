import { describe, expect, test } from 'vitest'
import { isReturnable, undress } from '../../src/pipeline/undress.ts'

function namesOf({ headers }: Response): readonly string[] {
  return [...headers.keys()]
}

describe('undress()', () => {
  test('takes what Connection lists, although it stands behind it', () => {
    const headers = { 'a-hop': '1', connection: 'X-Hop, a-hop', 'x-end': '2', 'x-hop': '3' }
    const { response } = undress(new Response('body', { headers }), 'all')
    expect(namesOf(response)).toEqual(['content-type', 'x-end'])
  })

  test('takes the hop and our own cookies, and leaves the other lines of a header', () => {
    const answer = new Response('body')
    for (const line of ['a=1; Path=/', '__Host-postern=stolen; Path=/', 'b=2'])
      answer.headers.append('set-cookie', line)
    answer.headers.set('keep-alive', 'timeout=5')
    const { response } = undress(answer, 'all')
    expect(response.headers.getSetCookie()).toEqual(['a=1; Path=/', 'b=2'])
    expect(response.headers.has('keep-alive')).toBe(false)
  })

  test('is the same object where nothing has to change', () => {
    const answer = new Response('body', { headers: { 'cache-control': 'no-store', etag: '"1"' } })
    expect(undress(answer, 'one').response).toBe(answer)
    const silent = new Response('body')
    expect(undress(silent, 'all').response).toBe(silent)
  })

  test.each([
    [null, 'private'],
    ['no-cache', 'no-cache, private'],
    ['max-age=60', 'max-age=60, private'],
    ['s-maxage=60', 's-maxage=60'],
  ])('an answer for one person that says %s to caches says %s', (said, told) => {
    const answer = new Response('body', said === null ? {} : { headers: { 'cache-control': said } })
    expect(undress(answer, 'one').response.headers.get('cache-control')).toBe(told)
  })

  test('tells the media type, also of an answer that is changed', () => {
    const headers = { 'content-type': 'text/event-stream', connection: 'x-hop', 'x-hop': '1' }
    expect(undress(new Response('', { headers }), 'one').contentType).toBe('text/event-stream')
    expect(undress(new Response(null), 'one').contentType).toBeNull()
  })
})

test('what is withheld from a page stays withheld whatever the service lists for one hop, in any case', () => {
  const headers = { connection: 'x-once', 'x-once': '1', 'access-control-allow-credentials': 'true', 'x-kept': 'yes' }
  const { response } = undress(new Response('{}', { headers }), 'all', ['access-control-allow-credentials'])
  const left = [...response.headers.keys()].filter((name) => name !== 'content-type')
  expect(left).toEqual(['x-kept'])
  expect(isReturnable('X-Once', '1', ['x-once'])).toBe(false)
  expect(isReturnable('X-Kept', '1', ['x-once'])).toBe(true)
})
