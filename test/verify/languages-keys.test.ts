import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { assertionVectors } from '../vectors/generate.ts'
import { DOCS, go, HERE, lacks, tried } from '../vectors/languages/run.ts'

const run = promisify(execFile)

async function listening(server: Server, port = 0): Promise<string> {
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks.json`
}

async function stopped(server: Server): Promise<void> {
  server.closeAllConnections()
  server.close()
  await once(server, 'close')
}

test('php: a refusal is no outage, and keys are replaced whole, by keys', async ({ skip }) => {
  if (!(await tried(await lacks(['php', '-r', 'exit((int) !extension_loaded("openssl"));']), skip))) return
  const { jwks, vectors, issuer } = await assertionVectors(Math.floor(Date.now() / 1000))
  let fetches = 0
  const keys = createServer((_, response) => {
    fetches += 1
    response.end(
      fetches < 3 ? JSON.stringify({ ...jwks, fetch: fetches }) : '<!doctype html><title>maintenance</title>',
    )
  })
  const silent = createServer()
  const [url, down] = [await listening(keys), await listening(silent)]
  await stopped(silent)
  const good = vectors.find(({ name }) => name === 'good')?.token ?? ''
  const sub = '7b1f2f5e-58b1-4e43-9d6a-2f1a5f0e9a11'
  try {
    const { stdout } = await run('php', [`${HERE}php/keys.php`, good, issuer, down], {
      env: { ...process.env, POSTERN_VERIFIER: `${DOCS}php/postern_verify.php`, POSTERN_JWKS: url },
    })
    expect(JSON.parse(stdout)).toEqual({
      forged: 'refused',
      down: 'keys did not come',
      good: sub,
      renewed: sub,
      'read while renewed': 1,
      kept: 2,
      'no keys': 'keys did not come',
      'kept then': 2,
      files: ['keys.json'],
    })
  } finally {
    await stopped(keys)
  }
}, 60_000)

test('go: a service that began before its gateway believes players a minute later', async ({ skip }) => {
  if (!(await tried(await lacks(['go', 'version']), skip))) return
  const { jwks, vectors, issuer, audience } = await assertionVectors(Math.floor(Date.now() / 1000))
  const [minute, short] = ['rate.Every(time.Minute)', 'rate.Every(time.Second)']
  expect(readFileSync(`${DOCS}go/verify.go`, 'utf8').split(minute)).toHaveLength(2)
  const { command } = await go({ minute, short })
  const keys = createServer((_, response) => void response.end(JSON.stringify(jwks)))
  const url = await listening(keys)
  await stopped(keys)
  const env = { ...process.env, POSTERN_ISSUER: issuer, POSTERN_AUDIENCE: audience, POSTERN_JWKS: url }
  const service = spawn(command, ['-'], { env, stdio: ['pipe', 'pipe', 'ignore'] })
  const said: string[] = []
  createInterface({ input: service.stdout }).on('line', (line) =>
    said.push(...(/^(refused|judged \d)/.exec(line)?.slice(1) ?? [])),
  )
  const good = `${vectors.find(({ name }) => name === 'good')?.token}\n`
  try {
    service.stdin.write(good)
    await expect.poll(() => said, { timeout: 10_000 }).toEqual(['refused'])
    await listening(keys, Number(new URL(url).port))
    service.stdin.end(good)
    await once(service, 'exit')
    // The last line of the program says how many it judged; of those it believed it says nothing.
    expect(said).toEqual(['refused', 'judged 2'])
  } finally {
    service.kill()
    keys.close()
  }
}, 300_000)
