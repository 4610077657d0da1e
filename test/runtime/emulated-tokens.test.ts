import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Addresses, addressesFrom, addressVariables } from '../../deploy/demo/addresses.ts'
import { startProviders } from '../../deploy/demo/providers.ts'
import { ensureSecrets } from '../../deploy/demo/secrets.ts'
import { type Deployment, startDeployment } from '../support/deployment.ts'
import { type Doubles, startDoubles } from '../support/doubles.ts'
import { type Issued, recordIssued } from '../support/issued.ts'
import { freePorts } from '../support/ports.ts'
import { JOURNEYS } from './journeys.ts'
import { tokensStay } from './tokens-stay.ts'

const folder = mkdtempSync(join(tmpdir(), 'postern-secrets-'))
const SECRETS = ensureSecrets(join(folder, 'dev.vars'))
rmSync(folder, { recursive: true })
/** What the providers know Postern by; of Apple's key every line. */
const CLIENT_SECRETS = Object.values(SECRETS)
  .flatMap((secret) => secret.split(/\\n|\n/))
  .filter((line) => line.length >= 20 && !line.startsWith('-----'))

/** A code and an access token; a refresh token without being asked and an ID token where there are some. */
const ISSUES = { google: 4, apple: 4, slack: 3, github: 2, microsoft: 4, discord: 3 }

for (const runtime of ['node', 'deno', 'workerd'] as const) {
  describe(`tokens of the demo's providers on ${runtime}`, () => {
    let doubles: Doubles
    let addresses: Addresses
    let providers: { close(): Promise<void> }
    let issued: Issued
    let deployment: Deployment

    beforeAll(async () => {
      const port = await freePorts(9)
      const ports = { DEMO_GATEWAY_PORT: String(port), DEMO_PROVIDERS_PORT: String(port + 2) }
      addresses = addressesFrom(ports)
      // emulate's own Slack stands behind the double and has no visitor: what it tells is told once more in front.
      issued = recordIssued(new Set(Object.values(addresses.providers).map((url) => Number(new URL(url).port))))
      doubles = await startDoubles(addresses.gateway)
      providers = await startProviders(addresses, SECRETS)
      const environment = { ...SECRETS, ...addressVariables(addresses), DOUBLES_URL: doubles.url }
      deployment = await startDeployment({ runtime, name: 'emulated', environment, port })
    }, 90_000)
    afterAll(async () => {
      issued?.stop()
      await deployment?.stop()
      await Promise.all([doubles?.close(), providers?.close()])
    }, 30_000)

    tokensStay(
      () => ({
        deployment,
        issued: () => issued.secrets,
        reached: () => doubles.reached,
        clientSecrets: CLIENT_SECRETS,
      }),
      JOURNEYS.map(({ provider, label }) => [provider, label] as const),
      { issues: ISSUES, signsOut: 'microsoft', offline: [] },
    )

    test('codes and tokens of every kind were written down', () => {
      expect([...issued.names].sort()).toEqual(['access_token', 'code', 'id_token', 'refresh_token'])
    })
  })
}
