import { rmSync } from 'node:fs'
import { expect, onTestFinished, test } from 'vitest'
import { type RuntimeName, startDeployment } from '../support/deployment.ts'
import { ask } from '../support/http.ts'

const KEY = Buffer.from('k'.repeat(32)).toString('base64url')

test.each<RuntimeName>(['node', 'deno'])(
  '%s: copies asked for at the same time are all made, each a file of its own, and one that cannot be made is an outage of the store',
  async (runtime) => {
    const deployment = await startDeployment({ runtime, name: 'silent', environment: { POSTERN_OPERATOR_KEY: KEY } })
    onTestFinished(async () => void (await deployment.stop()))
    const called = async (operation: string) => {
      const answer = await ask(`${deployment.gateway}/auth/operator/v1/${operation}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' },
        body: '{}',
      })
      return {
        status: answer.status,
        said: (await answer.json()) as { readonly file?: string; readonly code?: string },
      }
    }
    const made = await Promise.all(Array.from({ length: 8 }, () => called('store.backup')))
    expect(made.map(({ status }) => status)).toEqual(made.map(() => 200))
    expect(new Set(made.map(({ said }) => said.file)).size).toBe(made.length)
    rmSync(deployment.state, { recursive: true })
    expect(await called('store.backup')).toMatchObject({ status: 503, said: { code: 'store_unavailable' } })
    expect(deployment.output()).not.toContain('"event":"bug"')
  },
  60_000,
)
