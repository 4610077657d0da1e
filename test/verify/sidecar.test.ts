import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { envoyHere } from '../support/envoy.ts'
import { freePorts } from '../support/ports.ts'
import { assertionVectors } from '../vectors/generate.ts'
import { DOCS, lacks } from '../vectors/languages/run.ts'

async function listening(listener: RequestListener, server: Server = createServer()): Promise<number> {
  server.on('request', listener)
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

async function started(port: number): Promise<void> {
  for (let tries = 0; tries < 1_200; tries++) {
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
    request.resume()
    request.on('end', () => response.end(`${request.headers['remote-user']} ${request.headers['remote-groups']}`))
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
  // The gateway bounds bodies; nginx by itself would refuse one of more than 1 MB.
  const large = { method: 'POST', headers: { 'Postern-Assertion': good }, body: new Uint8Array(3_000_000) }
  expect((await fetch(`http://127.0.0.1:${front}/`, large)).status).toBe(200)
  for (const vector of vectors.filter((one) => one.expect !== 'user' && one.token !== '')) {
    expect([vector.name, await said({ ...forged, 'Postern-Assertion': vector.token })]).toEqual([vector.name, '401'])
  }
}, 60_000)

/** A server of a name, with a certificate that is its own authority; and where that certificate is. */
function tlsServer(folder: string, name: string): { readonly server: Server; readonly certificate: string } {
  const [key, certificate] = [join(folder, `${name}.key`), join(folder, `${name}.pem`)]
  const how = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2']
  const where = ['-keyout', key, '-out', certificate, '-subj', `/CN=${name}`, '-addext', `subjectAltName=DNS:${name}`]
  execFileSync('openssl', [...how, ...where], { stdio: 'ignore' })
  return { server: createTlsServer({ key: readFileSync(key), cert: readFileSync(certificate) }), certificate }
}

describe('the Envoy sidecar', () => {
  let engine = ''
  beforeAll(async () => {
    engine = (await envoyHere()) ?? ''
  }, 240_000)

  /** Starts it between a service that tells who it believes to be asked by, and keys behind TLS; answers how to ask. */
  async function sidecar(name: string, trusted: 'its own' | 'another') {
    const { issuer, audience, jwks, vectors } = await assertionVectors(Math.floor(Date.now() / 1000))
    const folder = mkdtempSync(join(tmpdir(), 'postern-envoy-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    const service = await listening((request, response) => {
      const names = request.rawHeaders.filter(
        (_, i) => i % 2 === 0 && /^remote.user$/i.test(request.rawHeaders[i] ?? ''),
      )
      response.end(`${names.length} ${request.headers['remote-user']}`)
    })
    const { server, certificate } = tlsServer(folder, name)
    const authority = trusted === 'its own' ? certificate : tlsServer(folder, 'other.example.com').certificate
    const keys = await listening((_, response) => response.end(JSON.stringify(jwks)), server)
    const front = await freePorts(1)
    const changes = {
      'port_value: 8081': `port_value: ${front}`,
      'port_value: 3000': `port_value: ${service}`,
      'address: play.example.com, port_value: 443': `address: 127.0.0.1, port_value: ${keys}`,
      '/etc/ssl/certs/ca-certificates.crt': authority,
    }
    let text = readFileSync(`${DOCS}sidecar/envoy.yaml`, 'utf8')
    expect([text.includes(issuer), text.includes(`[${audience}]`)]).toEqual([true, true])
    for (const [from, to] of Object.entries(changes)) {
      expect(text).toContain(from)
      text = text.replace(from, to)
    }
    const file = join(folder, 'envoy.yaml')
    writeFileSync(file, text)
    program(engine, ['-c', file, '--disable-hot-restart', '--concurrency', '1', '-l', 'error'], {})
    await started(front)
    const said = async (headers: Readonly<Record<string, string>>) => {
      const answer = await fetch(`http://127.0.0.1:${front}/`, { headers })
      return answer.status === 200 ? answer.text() : `${answer.status}`
    }
    return { said, vectors }
  }

  const FORGED = { 'Remote-User': 'admin', Remote_User: 'admin' }

  test('lets nothing forged reach a service that believes Remote-User', async ({ skip }) => {
    if (engine === '') skip('Envoy does not run on this machine')
    const { said, vectors } = await sidecar('play.example.com', 'its own')
    expect(await said(FORGED)).toBe('401')
    const good = vectors.find((vector) => vector.name === 'good')?.token ?? ''
    expect(await said({ ...FORGED, 'Postern-Assertion': good })).toBe('1 7b1f2f5e-58b1-4e43-9d6a-2f1a5f0e9a11')
    const passed: string[] = []
    for (const vector of vectors.filter((one) => one.expect !== 'user' && one.token !== '')) {
      const answer = await said({ ...FORGED, 'Postern-Assertion': vector.token })
      if (!/^40[013]$/.test(answer)) passed.push(vector.name)
    }
    // WHY: Envoy does not look at iat; docs/upstreams/sidecar.md says so.
    expect(passed).toEqual(['future'])
  }, 60_000)

  test.for([
    ['play.example.com', 'another'],
    ['elsewhere.example.com', 'its own'],
  ] as const)(
    'believes no keys of a server that is not the gateway: %s, vouched for by %s authority',
    { timeout: 60_000 },
    async ([name, trusted], { skip }) => {
      if (engine === '') skip('Envoy does not run on this machine')
      const { said, vectors } = await sidecar(name, trusted)
      const good = vectors.find((vector) => vector.name === 'good')?.token ?? ''
      expect(await said({ 'Postern-Assertion': good })).toBe('401')
    },
  )
})
