import { expect, test } from 'vitest'
import { deployment, SOUND } from './support/deployment.ts'
import { deadAddress } from './support/machines.ts'

const SECRETS = { GOOGLE_CLIENT_SECRET: 'GOCSPX-0123456789', DISCORD_CLIENT_SECRET: 'abcdefghijklmnop' }
const DISCORD = (more: string) =>
  `discord: { clientId: '118', clientSecret: { secret: 'DISCORD_CLIENT_SECRET' }${more} },`
const GOOGLE = "google: { clientId: '1.apps.googleusercontent.com', clientSecret: { secret: 'GOOGLE_CLIENT_SECRET' } },"

/** What doctor says about recent sign-ins where a rule asks for one and these providers are there. */
async function told(providers: string, rule = '  - { path: /vault, freshWithin: 5m }\n'): Promise<string> {
  const config = `export default {
  origin: 'https://play.example.com',
  upstreams: { game: { url: 'https://game.internal.example' } },
  providers: { ${providers} },
}
`
  const policy = `${SOUND['policies/game.yaml']?.split('tests:')[0]}${rule}`
  const here = deployment({ ...SOUND, 'hono.config.ts': config, 'policies/game.yaml': policy })
  const { port } = new URL(await deadAddress())
  const ran = await here.postern('doctor', { ...SECRETS, PORT: port })
  return ran.out.split('\n').find((line) => line.includes('freshness: ')) ?? ''
}

test('doctor() finds rules that nobody can meet: no provider says when people proved who they are', async () => {
  expect(await told(DISCORD(''))).toMatch(/^error {4}freshness: 1 rule with freshWithin let nobody in/)
})

test('doctor() warns of those who have only a provider that does not say', async () => {
  expect(await told(`${DISCORD('')} ${GOOGLE}`)).toMatch(
    /^warning {2}freshness: 1 rule with freshWithin stay shut for people who have discord alone/,
  )
})

test('doctor() is content where the operator trusts the provider, or no rule asks', async () => {
  expect(await told(DISCORD(", freshness: 'sign-in'"))).toBe('')
  expect(await told(DISCORD(''), '')).toBe('')
})
