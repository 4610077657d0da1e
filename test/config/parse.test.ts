import { describe, expect, test } from 'vitest'
import demo from '../../hono.config.ts'
import { resolveDefinition, secret } from '../../src/config/define.ts'
import { parseConfig } from '../../src/config/parse.ts'
import { nearest } from '../../src/config/reader.ts'
import { DIALECTS } from '../../src/identity/dialects.ts'
import type { Config } from '../../src/ports/config.ts'
import { google, SMALLEST } from './support/inputs.ts'

function configOf(more: Readonly<Record<string, unknown>> = {}): Config {
  const parsed = parseConfig({ ...SMALLEST, ...more })
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.fault))
  return parsed.value
}

function problemsOf(input: unknown): readonly string[] {
  const parsed = parseConfig(input)
  return parsed.ok ? [] : parsed.fault.map(({ path, message }) => `${path} ${message}`)
}

function problemsWith(more: Readonly<Record<string, unknown>>): readonly string[] {
  return problemsOf({ ...SMALLEST, ...more })
}

describe('parseConfig()', () => {
  test('needs an origin and one upstream, nothing else', () => {
    expect(configOf()).toMatchObject({
      origin: 'https://play.example.com',
      host: 'play.example.com',
      prefix: '/auth',
      providers: [],
      store: { kind: 'embedded', file: '.postern/store.sqlite', shards: 16 },
      signup: 'open',
      guests: 'off',
      trustedProxies: [],
      clientCertificate: null,
      forwardAuth: [],
      platform: 'self',
      maxCookieBytes: 16_384,
    })
  })

  test('takes the configuration of the demo', () => {
    expect(problemsOf(resolveDefinition(demo, () => undefined))).toEqual([])
  })

  test('fills in every default of an upstream', () => {
    expect(configOf().upstreams).toEqual([
      {
        name: 'game',
        url: 'http://127.0.0.1:2567',
        dialects: ['postern'],
        claims: null,
        audience: 'game',
        assertionHeader: 'postern-assertion',
        assertionSeconds: 60,
        sign: 'none',
        messageSecret: null,
        stripPrefix: '',
        connectTimeoutMs: 5000,
        responseTimeoutMs: 60_000,
        idleTimeoutMs: 300_000,
        breakerFailures: 5,
        breakerOpenMs: 5_000,
        healthPath: null,
        healthEveryMs: 10_000,
        problemType: 'application/problem+json',
        binding: null,
        preserveHost: false,
        events: null,
        caseInsensitive: false,
        reconnectCode: 1012,
      },
    ])
  })

  test('reports every problem at once, each with its place', () => {
    const input = {
      origin: 'http://play.example.com',
      prefix: 'auth',
      upstreams: { Game: { url: 'http://10.0.0.1/x', dialects: ['posten'] } },
      providers: { google: { clientId: '', clientSecret: 'written here' } },
      session: { absolute: 0, cacheSeconds: 60 },
      store: { kind: 'reddis' },
      guests: true,
    }
    expect(problemsOf(input).map((line) => line.split(' ', 1)[0])).toEqual([
      'origin',
      'prefix',
      'upstreams.Game',
      'upstreams.Game.url',
      'upstreams.Game.dialects',
      'providers.google.clientId',
      'providers.google.clientSecret',
      'session.absolute',
      'session.cacheSeconds',
      'store.kind',
      'guests',
    ])
  })

  test.each([[undefined], [null], ['text'], [[]], [42]])('refuses %j as a whole', (input) => {
    expect(problemsOf(input)[0]).toMatch(/^config must be an object, not /)
  })

  test('suggests the setting a misspelled key stands for', () => {
    expect(problemsWith({ upstream: {}, sesion: {} })).toEqual([
      'upstream is not a known setting; did you mean "upstreams"?',
      'sesion is not a known setting; did you mean "session"?',
    ])
  })

  test('finds a misspelled key inside a section', () => {
    expect(problemsWith({ session: { abolute: '7d' } })).toEqual([
      'session.abolute is not a known setting; did you mean "absolute"?',
    ])
  })

  test('suggests nothing for a key that is like none', () => {
    expect(problemsWith({ cookieDomain: '.example.com' })).toEqual(['cookieDomain is not a known setting'])
  })

  test('has no `enabled`: presence is the switch', () => {
    expect(problemsWith({ providers: { google: { ...google, enabled: false } } })).toHaveLength(1)
  })
})

describe('the origin', () => {
  test.each([
    'https://play.example.com',
    'https://play.example.com:8443',
    'http://localhost:8787',
    'http://127.0.0.1:8787',
    'http://[::1]:8787',
    'http://game.localhost:8787',
  ])('may be %s', (origin) => {
    expect(problemsWith({ origin })).toEqual([])
  })

  // DECISIONS 1: a __Host- cookie is kept on plain http only on loopback.
  test.each([
    'http://play.example.com',
    'http://10.0.0.1:8787',
    'http://localhost.example.com',
    'http://127.0.0.1.example.com',
  ])('may not be plain http elsewhere: %s', (origin) => {
    expect(problemsWith({ origin })[0]).toMatch(
      /^origin must be https: browsers keep the session cookie on plain http only for localhost/,
    )
  })

  test.each([
    'https://play.example.com/',
    'https://play.example.com/game',
    'https://play.example.com:443',
    'https://PLAY.example.com',
    'https://user@play.example.com',
    'play.example.com',
    '//play.example.com',
    'ws://play.example.com/',
    'not a url',
  ])('must be an origin in its one spelling, not %s', (origin) => {
    expect(problemsWith({ origin })).toHaveLength(1)
  })

  test('is needed', () => {
    expect(problemsOf({ upstreams: SMALLEST.upstreams })).toContain('origin must be text, not nothing')
  })
})

describe('brand', () => {
  test('is the host and the front page unless it is given', () => {
    expect(configOf().brand).toEqual({ name: 'play.example.com', homeUrl: '/' })
  })

  test.each(['javascript:alert(1)', 'http://other.example/', 'data:text/html,x'])(
    'never leads home to %s',
    (homeUrl) => {
      expect(problemsWith({ brand: { homeUrl } })).toHaveLength(1)
    },
  )

  test.each(['/appeal?from=game', 'https://forum.example.com/appeals'])(
    'names a place for appeals: %s',
    (appealUrl) => {
      expect(configOf({ brand: { appealUrl } }).brand.appealUrl).toBe(appealUrl)
    },
  )

  test.each(['javascript:alert(1)', 'http://other.example/', 'mailto:ops@example.com', '//other.example:bad/'])(
    'takes no appeals at %s',
    (appealUrl) => {
      expect(problemsWith({ brand: { appealUrl } })).toHaveLength(1)
    },
  )
})

describe('hosts', () => {
  test('are compared in lower case and without the default port', () => {
    expect(configOf({ hosts: ['PLAY2.example.com', 'play3.example.com:443', 'play4.example.com:8443'] }).hosts).toEqual(
      ['play2.example.com', 'play3.example.com', 'play4.example.com:8443'],
    )
  })

  test.each(['https://play2.example.com', 'play2.example.com/', 'play2.example.com?x', 'a b', '*.example.com/x'])(
    'are hosts, not %s',
    (host) => {
      expect(problemsWith({ hosts: [host] })[0]).toMatch(/^hosts\.0 must be a host such as play2\.example\.com/)
    },
  )
})

describe('sessions', () => {
  test('S1: the default slides for 8 hours within 7 days', () => {
    expect(configOf().session).toMatchObject({ absoluteSeconds: 604_800, idleSeconds: 28_800, sliding: true })
  })

  test('S1: an end fixed 480 minutes after sign-in', () => {
    expect(configOf({ session: { absolute: '480m', sliding: false } }).session).toMatchObject({
      absoluteSeconds: 28_800,
      sliding: false,
    })
  })

  test('S1: an end fixed 7 days after sign-in', () => {
    expect(configOf({ session: { absolute: '7d', sliding: false } }).session).toMatchObject({
      absoluteSeconds: 604_800,
      sliding: false,
    })
  })

  test('S1: a short absolute life shortens the idle life nobody set', () => {
    expect(configOf({ session: { absolute: '1h' } }).session.idleSeconds).toBe(3600)
  })

  test('S2: an idle life longer than the absolute one is a mistake', () => {
    expect(problemsWith({ session: { absolute: '1h', idle: '2h' } })).toEqual([
      'session.idle must not be longer than absolute: 7200 s is more than 3600 s',
    ])
  })

  test.each([0, -1, '0s', '0d', Number.NaN, Number.POSITIVE_INFINITY])(
    'S3: a life of %s is refused, naming the longest',
    (life) => {
      expect(problemsWith({ session: { absolute: life } })).toEqual([
        `session.absolute must be a time above 0 and at most 31536000 seconds, such as 30s, 8h or 7d, not ${typeof life === 'string' ? `"${life}"` : life}`,
      ])
    },
  )

  test('S3: a life of one second and one of a year are accepted, one second more is not', () => {
    expect(problemsWith({ session: { absolute: 1 } })).toEqual([])
    expect(problemsWith({ session: { absolute: '365d' } })).toEqual([])
    expect(problemsWith({ session: { absolute: 31_536_001 } })).toHaveLength(1)
  })

  test('S4: the activity window is 30 minutes, and 0 means no window', () => {
    expect(configOf().session.activityWindowSeconds).toBe(1800)
    expect(configOf({ session: { activityWindow: 0 } }).session.activityWindowSeconds).toBe(0)
  })

  test('S5: what happens beyond the cap is one of two words', () => {
    expect(configOf({ session: { excess: 'refuse' } }).session.excess).toBe('refuse')
    expect(problemsWith({ session: { excess: 'evict-oldest' } })).toEqual([
      'session.excess must be one of evict_oldest, refuse, not "evict-oldest"',
    ])
  })

  test('memory of sessions lasts 0 to 5 seconds', () => {
    expect(configOf({ session: { cacheSeconds: 0 } }).session.cacheSeconds).toBe(0)
    expect(problemsWith({ session: { cacheSeconds: 6 } })).toHaveLength(1)
  })

  test('the client header is a header name', () => {
    expect(configOf({ session: { clientHeader: 'X-Client' } }).session.clientHeader).toBe('x-client')
    expect(problemsWith({ session: { clientHeader: 'x client' } })).toHaveLength(1)
  })
})

describe('upstreams', () => {
  function upstreamProblems(more: Readonly<Record<string, unknown>>): readonly string[] {
    return problemsWith({ upstreams: { game: { ...SMALLEST.upstreams.game, ...more } } })
  }

  test('there is at least one', () => {
    expect(problemsWith({ upstreams: {} })).toEqual(['upstreams must name at least one upstream'])
  })

  test('plain http to another machine has a loud name', () => {
    expect(upstreamProblems({ url: 'http://game.internal.example' })).toEqual([
      'upstreams.game.url is plain http to another machine: use https, or say dangerouslyAllowHttpUpstream: true',
    ])
    expect(upstreamProblems({ url: 'http://game.internal.example', dangerouslyAllowHttpUpstream: true })).toEqual([])
  })

  // ATTACK (CWE-625): a name that only begins like loopback is another machine.
  test.each(['http://localhost.attacker.example:2567', 'http://localhost-games.internal', 'http://127.0.0.1.nip.io'])(
    'plain http to %s has a loud name too',
    (url) => {
      expect(upstreamProblems({ url })[0]).toMatch(/^upstreams\.game\.url is plain http to another machine/)
    },
  )

  test.each(['ws://game.example', 'wss://game.example', 'ftp://game.example'])(
    'the address is of http or https, not %s: no call would reach it',
    (url) => {
      expect(upstreamProblems({ url })).toEqual([
        `upstreams.game.url must be http or https, which WebSockets use too, not "${url}"`,
      ])
    },
  )

  test.each(['http://localhost:2567', 'http://127.8.0.1:2567', 'http://[::1]:2567'])('%s is this machine', (url) => {
    expect(upstreamProblems({ url })).toEqual([])
  })

  test.each(['http://127.0.0.1:2567/', 'http://127.0.0.1:2567/game', '127.0.0.1:2567', 'https://a:b@game.example'])(
    'the address is an origin, not %s',
    (url) => {
      expect(upstreamProblems({ url })[0]).toMatch(/^upstreams\.game\.url must be an origin/)
    },
  )

  test.each(['game', '/game/', '/ga me', '/../x', '/a/./b', '//', '/%61', '/a?b'])(
    'a prefix to strip is canonical, not %s',
    (stripPrefix) => {
      expect(upstreamProblems({ stripPrefix })).toHaveLength(1)
    },
  )

  test('a prefix to strip may have several segments', () => {
    expect(upstreamProblems({ stripPrefix: '/game/v1.2' })).toEqual([])
  })

  test('an assertion lives 60 seconds at most', () => {
    expect(upstreamProblems({ assertionLife: '60s' })).toEqual([])
    expect(upstreamProblems({ assertionLife: '61s' })).toHaveLength(1)
  })

  test('the header of the assertion is a header name', () => {
    expect(upstreamProblems({ assertionHeader: 'X Assertion' })).toHaveLength(1)
  })

  test('an unknown dialect is named with the known ones', () => {
    expect(upstreamProblems({ dialects: ['posten'] })[0]).toMatch(
      /must be of postern, forwarded, remote, .*not "posten"/,
    )
  })
})

describe('dialects', () => {
  test('every dialect that is spoken can be configured, and no other', () => {
    const dialects = Object.keys(DIALECTS)
    expect(problemsWith({ upstreams: { game: { url: 'http://127.0.0.1:2567', dialects } } })).toEqual([])
    expect(problemsWith({ upstreams: { game: { url: 'http://127.0.0.1:2567', dialects: ['none'] } } })).toEqual([
      `upstreams.game.dialects must be of ${dialects.join(', ')}, or a map such as X-Player=user, not "none"`,
    ])
  })
})

describe('providers and people', () => {
  test('a provider is named by what it is, unless a name is given', () => {
    expect(
      configOf({ providers: { google, github: { ...google, kind: 'github' } } }).providers.map(({ name }) => name),
    ).toEqual(['Google', 'GitHub'])
    expect(configOf({ providers: { constructor: { ...google, kind: 'google' } } }).providers[0]?.name).toBe(
      'Constructor',
    )
  })

  test('an unknown kind is refused with the known ones', () => {
    expect(problemsWith({ providers: { gogle: { clientId: '1' } } })[0]).toMatch(
      /^providers\.gogle\.kind must be one of google, discord/,
    )
  })

  test('a secret is named, never written', () => {
    expect(problemsWith({ providers: { google: { ...google, clientSecret: 'GOCSPX-abc' } } })[0]).toMatch(
      /^providers\.google\.clientSecret must name a secret, such as secret\("GOOGLE_CLIENT_SECRET"\)/,
    )
  })

  test('no problem repeats what was written where a secret belongs', () => {
    expect(problemsWith({ providers: { google: { ...google, clientSecret: 'GOCSPX-abc' } } }).join()).not.toContain(
      'GOCSPX-abc',
    )
  })

  test('an empty list of who is let in is a mistake', () => {
    expect(problemsWith({ providers: { google: { ...google, admit: { emailDomain: [] } } } })).toEqual([
      'providers.google.admit.emailDomain must not be empty: an empty list would let nobody in',
    ])
  })

  test('a first admin is known by subject or e-mail, one of the two', () => {
    const admin = { provider: 'google', subject: '1', email: 'a@example.com' }
    expect(problemsWith({ providers: { google }, firstAdmins: [admin] })).toEqual([
      'firstAdmins.0 must have a subject or an email, one of the two',
    ])
  })

  test('a first admin of a provider that is not configured is a mistake', () => {
    expect(problemsWith({ providers: { google }, firstAdmins: [{ provider: 'gogle', subject: '1' }] })).toEqual([
      'firstAdmins.0.provider names "gogle", which is not a configured provider; did you mean "google"?',
    ])
  })

  test('trusted proxies are addresses and networks', () => {
    expect(
      configOf({ trustedProxies: ['10.0.0.0/8', '::1', '2001:db8::/32', '192.0.2.1'] }).trustedProxies,
    ).toHaveLength(4)
    expect(problemsWith({ trustedProxies: ['*'] })).toHaveLength(1)
    expect(problemsWith({ trustedProxies: ['loopback'] })).toHaveLength(1)
  })

  test('return origins are exact', () => {
    expect(problemsWith({ returnOrigins: ['https://*.example.com/'] })[0]).toMatch(
      /^returnOrigins\.0 must be an exact origin/,
    )
  })
})

// research: users.md section 4, the mistakes a newcomer makes; here those a configuration alone can show.
describe('seeded mistakes', () => {
  test.each<[string, Readonly<Record<string, unknown>>, RegExp]>([
    ['external URL with path', { origin: 'https://play.example.com/game' }, /without path or slash/],
    ['external URL missing', { origin: undefined }, /^origin must be text/],
    ['secure cookie on plain http', { origin: 'http://play.example.com' }, /must be https/],
    ['cookie domain', { cookieDomain: 'example.com' }, /is not a known setting/],
    [
      'client id and secret swapped',
      { providers: { google: { ...google, clientId: 'GOCSPX-abc' } } },
      /looks like the client secret/,
    ],
    [
      'secret in the file',
      { providers: { google: { ...google, clientSecret: 'abc' } } },
      /secrets are never written into this file/,
    ],
    [
      'store without its secrets',
      { store: { kind: 'redis', url: 'redis://127.0.0.1' } },
      /^store\.url must name a secret/,
    ],
    ['unknown store', { store: { kind: 'postgres' } }, /must be one of embedded, redis, upstash/],
    ['attributes as a Map', { attributes: new Map() }, /^attributes must be an object, not a Map/],
    ['pages as a promise', { pages: Promise.resolve({}) }, /^pages must be an object, not a Promise/],
    ['upstream with path', { upstreams: { game: { url: 'http://127.0.0.1:2567/x' } } }, /without path or slash/],
  ])('%s gives one message that says what would be right', (_, more, message) => {
    const problems = problemsWith(more)
    expect(problems).toHaveLength(1)
    expect(problems[0]).toMatch(message)
  })
})

describe('secret()', () => {
  test('names a secret', () => {
    expect(secret('GOOGLE_CLIENT_SECRET')).toEqual({ secret: 'GOOGLE_CLIENT_SECRET' })
  })
})

describe('nearest()', () => {
  test('finds what differs by a letter, a swap or a missing letter', () => {
    expect(['orgin', 'orighin', 'oirgin', 'Origin'].map((word) => nearest(word, ['origin', 'hosts']))).toEqual(
      Array.from({ length: 4 }, () => 'origin'),
    )
  })

  test('finds nothing where nothing is near', () => {
    expect(nearest('cookieDomain', ['origin', 'hosts'])).toBeNull()
  })
})
