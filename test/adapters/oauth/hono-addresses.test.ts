import { afterEach, expect, test } from 'vitest'
import { providerOf } from './support/attack.ts'
import { testRuntime } from './support/runtime.ts'
import { SHAPE_CODE, type Shape, shape } from './support/shapes.ts'
import { finishOf, freshStart } from './support/sign-in.ts'

let running: Shape | null = null
afterEach(async () => {
  await running?.close()
  running = null
})

/** A runtime whose outbound calls to `https://host/path` land at `<url>/host/path`. */
function diverted(url: string) {
  const runtime = testRuntime()
  const fetchFrom = (address: string, init?: RequestInit): Promise<Response> => {
    const { host, pathname, search } = new URL(address)
    return runtime.fetch(`${url}/${host}${pathname}${search}`, init)
  }
  return { ...runtime, fetch: fetchFrom }
}

async function atDefaults(kind: string, at: Shape) {
  const start = freshStart()
  const answer = finishOf(start, new URLSearchParams({ code: SHAPE_CODE, state: start.state }))
  const config = {
    id: kind,
    kind,
    name: kind,
    clientId: 'client',
    clientSecret: { secret: 'S' },
    scopes: null,
    options: {},
    admit: {},
    dangerouslyAllowHttp: false,
    freshness: 'stated' as const,
    timeoutMs: 2000,
  }
  const outcome = await providerOf(config, diverted(at.url)).finish(answer)
  return outcome.ok ? outcome.value.identity.subject : outcome.fault
}

test('facebook is asked at graph.facebook.com', async () => {
  running = await shape('/graph.facebook.com/v18.0/oauth/access_token', {
    '/graph.facebook.com/v18.0/me': { id: '42', name: 'Ada' },
    '/graph.facebook.com/42': { id: '42', name: 'Ada' },
  })
  expect(await atDefaults('facebook', running)).toBe('42')
})

test('linkedin is asked at www.linkedin.com and api.linkedin.com', async () => {
  running = await shape('/www.linkedin.com/oauth/v2/accessToken', {
    '/api.linkedin.com/v2/userinfo': { sub: 'l-42', name: 'Ada' },
  })
  expect(await atDefaults('linkedin', running)).toBe('l-42')
})

test('twitch is asked at id.twitch.tv and api.twitch.tv, with the client id it demands', async () => {
  running = await shape('/id.twitch.tv/oauth2/token', {
    '/api.twitch.tv/helix/users': { data: [{ id: 't-42', login: 'ada' }] },
  })
  expect(await atDefaults('twitch', running)).toBe('t-42')
})
