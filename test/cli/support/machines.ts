import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { freePorts } from '../../support/ports.ts'

async function listening(server: Server, scheme: 'http' | 'https'): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  return `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** A service on loopback that ends with the test. */
export function service(answer: RequestListener): Promise<string> {
  return listening(createServer(answer), 'http')
}

/** A service that answers 200 to everything. */
export function plainService(): Promise<string> {
  return service((_request, response) => response.end('ok'))
}

/** A service whose certificate nobody vouches for. */
export async function selfSignedService(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'postern-tls-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  const how = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2']
  const where = ['-keyout', key, '-out', cert, '-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1']
  execFileSync('openssl', [...how, ...where], { stdio: 'ignore' })
  const server = createTlsServer({ key: readFileSync(key), cert: readFileSync(cert) }, (_request, response) => {
    response.end('ok')
  })
  return listening(server, 'https')
}

/** An address on loopback at which nothing listens. */
export async function deadAddress(): Promise<string> {
  return `http://127.0.0.1:${await freePorts(1)}`
}
