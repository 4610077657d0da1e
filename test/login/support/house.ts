import { afterAll } from 'vitest'
import { type GatewayInput, type ProviderInput, secret } from '../../../src/config/define.ts'
import { type HostileOp, hostileOp, json } from '../../adapters/oauth/support/hostile-op.ts'
import { type Workbench, workbench } from '../../support/gateway.ts'
import { Browser } from './browser.ts'

/** Roles and routes of the house: a player, a guest, an admin; `/lobby` takes guests by itself. */
export const POLICIES: Readonly<Record<string, string>> = {
  'roles.yaml': `
users: { defaultRole: player, guestRole: visitor }
permissions: [admin.users, play_game]
roles:
  visitor: { level: 0, permissions: [] }
  player: { level: 1, permissions: [play_game], maxSessions: 2 }
  hermit: { level: 1, permissions: [play_game], maxSessions: 1 }
  referee: { level: 2, permissions: [play_game] }
  keeper: { level: 4, permissions: [admin.users] }
`,
  'game.yaml': `
upstream: game
rules:
  - path: /play/*
    guest: allow
  - path: /lobby
    guest: auto
  - path: /hall
  - path: /farewell
    methods: POST
    guest: allow
    onSuccess: { signOut: true }
  - path: /vault
    freshWithin: 2m
`,
}

/** A gateway over a real store with two real OpenID providers that say what a test tells them to. */
export interface House {
  readonly bench: Workbench
  /** The providers by the id they are configured under. */
  readonly ops: { readonly guild: HostileOp; readonly tavern: HostileOp }
  /** A browser with nothing in it. */
  browser(): Browser
  /** Moves the clock of the gateway and of the providers. */
  wait(seconds: number): void
  close(): Promise<void>
}

/** A provider of kind `oidc` at an address. */
function oidc(name: string, op: HostileOp) {
  return {
    kind: 'oidc',
    name,
    clientId: 'client',
    clientSecret: secret('TEST_CLIENT_SECRET'),
    options: { issuer: op.url },
    dangerouslyAllowHttp: true,
    timeout: 2,
  } as const
}

/** Each code stands for what the provider vouches for: sign-ins may cross. A claim that is null is left out. */
function honorCodes(op: HostileOp): void {
  op.on('/token', async ({ body }, response) => {
    const claims = JSON.parse(atob(body.get('code') ?? '')) as Record<string, unknown>
    const told = Object.entries({ ...op.honestClaims(), ...claims }).filter(([, value]) => value !== null)
    const idToken = await op.sign(Object.fromEntries(told))
    json(response, { access_token: 'at', token_type: 'Bearer', expires_in: 300, id_token: idToken })
  })
}

let opened: Promise<House['ops']> | null = null

/** WHY: making their keys costs more than a test; they forget everything between two houses. */
async function theOps(): Promise<House['ops']> {
  opened ??= Promise.all([hostileOp(), hostileOp()]).then(([guild, tavern]) => ({ guild, tavern }))
  const ops = await opened
  for (const op of Object.values(ops)) {
    op.reset()
    honorCodes(op)
  }
  return ops
}

afterAll(async () => {
  for (const op of Object.values((await opened) ?? {})) await op.close()
})

/** Opens a house; close it in the end. `guild` changes how that provider is configured. */
export async function openHouse(
  settings: Partial<GatewayInput> = {},
  guild: Partial<ProviderInput> = {},
): Promise<House> {
  const ops = await theOps()
  const providers = { guild: { ...oidc('Guild', ops.guild), ...guild }, tavern: oidc('Tavern', ops.tavern) }
  const bench = await workbench(
    POLICIES,
    {
      providers,
      returnOrigins: ['https://forum.example.com', 'http://localhost:3000'],
      limits: { startsPerMinute: 1000, callbacksPerMinute: 1000 },
      ...settings,
    },
    { fetch: (url, init) => fetch(url, { redirect: 'manual', ...init }) },
  )
  bench.clock.now = Math.floor(Date.now() / 1000)
  return {
    bench,
    ops,
    browser: () => new Browser(bench, ops),
    wait(seconds) {
      bench.clock.now += seconds
    },
    async close() {
      await bench.settle()
      bench.close()
    },
  }
}
