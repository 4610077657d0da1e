import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { freePorts } from '../support/ports.ts'
import { assertionVectors } from '../vectors/generate.ts'
import { DOCS, lacks } from '../vectors/languages/run.ts'

async function listening(listener: RequestListener): Promise<number> {
  const server = createServer(listener)
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

async function started(port: number): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    const open = await new Promise<boolean>((done) => {
      const socket = connect(port, '127.0.0.1', () => done(socket.end() !== undefined))
      socket.on('error', () => done(false))
    })
    if (open) return
    await new Promise((done) => setTimeout(done, 25))
  }
  throw new Error(`nothing listens on ${port}`)
}

function program(command: string, args: readonly string[], env: Readonly<Record<string, string>>): void {
  const child = spawn(command, args, { env: { ...process.env, ...env }, stdio: 'inherit' })
  onTestFinished(() => {
    child.kill('SIGTERM')
  })
}

test('docs/upstreams/sidecar.md shows the files as they are', () => {
  const page = readFileSync(`${DOCS}sidecar.md`, 'utf8')
  const files = ['sidecar/nginx.conf', 'sidecar/verifier.mjs', 'sidecar/envoy.yaml']
  expect(files.filter((file) => !page.includes(`\n${readFileSync(`${DOCS}${file}`, 'utf8')}\`\`\`\n`))).toEqual([])
})

test('the nginx sidecar lets nothing forged reach a service that believes Remote-User', async ({ skip }) => {
  const missing = await lacks(['nginx', '-v'])
  if (missing !== null) {
    process.stderr.write('\nNOT TESTED HERE: nginx does not run on this machine\n')
    skip('nginx does not run on this machine')
  }
  const { issuer, audience, jwks, vectors } = await assertionVectors(Math.floor(Date.now() / 1000))
  const service = await listening((request, response) => {
    response.end(`${request.headers['remote-user']} ${request.headers['remote-groups']}`)
  })
  const keys = await listening((_, response) => {
    response.end(JSON.stringify(jwks))
  })
  const front = await freePorts(2)
  const verifier = front + 1
  const env = {
    POSTERN_ISSUER: issuer,
    POSTERN_AUDIENCE: audience,
    POSTERN_JWKS: `http://127.0.0.1:${keys}/`,
    PORT: `${verifier}`,
  }
  program(process.execPath, [`${DOCS}sidecar/verifier.mjs`], env)
  const folder = mkdtempSync(join(tmpdir(), 'postern-nginx-'))
  const conf = readFileSync(`${DOCS}sidecar/nginx.conf`, 'utf8')
    .replace('127.0.0.1:8081', `127.0.0.1:${front}`)
    .replace('127.0.0.1:3000', `127.0.0.1:${service}`)
    .replace('127.0.0.1:3001', `127.0.0.1:${verifier}`)
  writeFileSync(join(folder, 'nginx.conf'), conf)
  const settings = `daemon off; master_process off; error_log ${folder}/error.log; pid ${folder}/nginx.pid;`
  program(
    'nginx',
    ['-p', folder, '-c', join(folder, 'nginx.conf'), '-e', join(folder, 'error.log'), '-g', settings],
    {},
  )
  await started(verifier)
  await started(front)

  const forged = { 'Remote-User': 'admin', Remote_User: 'admin', 'Remote-Groups': 'system_admin' }
  async function said(headers: Readonly<Record<string, string>>): Promise<string> {
    const answer = await fetch(`http://127.0.0.1:${front}/`, { headers })
    return answer.status === 200 ? answer.text() : `${answer.status}`
  }
  const good = vectors.find((vector) => vector.name === 'good')?.token ?? ''
  expect(await said(forged)).toBe('401')
  expect(await said({ ...forged, 'Postern-Assertion': good })).toBe(
    '7b1f2f5e-58b1-4e43-9d6a-2f1a5f0e9a11 game_master,player',
  )
  for (const vector of vectors.filter((one) => one.expect !== 'user' && one.token !== '')) {
    expect([vector.name, await said({ ...forged, 'Postern-Assertion': vector.token })]).toEqual([vector.name, '401'])
  }
}, 60_000)
