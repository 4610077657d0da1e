import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { envoy } from './envoy.ts'
import { freePorts } from './ports.ts'

/** What a sample of deploy/ is started with: its three addresses, and the secret that proves it. */
export interface FrontOptions {
  readonly port: number
  readonly postern: number
  readonly game: number
  readonly secret: string
}

/** A proxy of this machine that runs a sample of deploy/. */
export interface RunningFront {
  readonly origin: string
  /** Everything it printed so far. */
  output(): string
  stop(): Promise<void>
}

function pathOf(): NodeJS.ProcessEnv {
  return { ...process.env, PATH: `${process.env['PATH']}:/usr/sbin:/sbin` }
}

/** A sample with its addresses changed; each of them must be there, or the test would run something else. */
function sample(name: string, changes: Readonly<Record<string, string>>): string {
  let text = readFileSync(`deploy/${name}`, 'utf8')
  for (const [from, to] of Object.entries(changes)) {
    if (!text.includes(from)) throw new Error(`deploy/${name} has no "${from}"`)
    text = text.replaceAll(from, to)
  }
  return text
}

async function untilListening(port: number, child: ChildProcess, printed: () => string): Promise<void> {
  const end = Date.now() + 15_000
  for (;;) {
    if (child.exitCode !== null || Date.now() > end) throw new Error(`the proxy does not listen\n${printed()}`)
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true))
      socket.on('error', () => resolve(false))
      socket.on('connect', () => socket.destroy())
    })
    if (open) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

async function running(
  program: { readonly command: string; readonly args: readonly string[]; readonly env: NodeJS.ProcessEnv },
  folder: string,
  port: number,
): Promise<RunningFront> {
  const child = spawn(program.command, program.args, { env: program.env, stdio: ['ignore', 'pipe', 'pipe'] })
  let printed = ''
  child.stdout.on('data', (chunk) => (printed += chunk))
  child.stderr.on('data', (chunk) => (printed += chunk))
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null) {
      const gone = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGTERM')
      await gone
    }
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    await untilListening(port, child, () => printed)
  } catch (error) {
    await stop()
    throw error
  }
  return { origin: `http://localhost:${port}`, output: () => printed, stop }
}

/** What makes a sample of nginx run without root in a folder. */
function nginxIn(folder: string): Readonly<Record<string, string>> {
  for (const name of ['body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']) mkdirSync(join(folder, name))
  const own = ['body:client_body', 'proxy:proxy', 'fastcgi:fastcgi', 'uwsgi:uwsgi', 'scgi:scgi'].map((pair) => {
    const [name, directive] = pair.split(':')
    return `${directive}_temp_path ${folder}/${name};`
  })
  return {
    'worker_processes auto;': `worker_processes 1; daemon off; pid ${folder}/pid;`,
    'http {\n': `http {\n  access_log off; ${own.join(' ')}\n`,
  }
}

/** nginx of this machine with deploy/nginx.conf. */
export function startNginx({ port, postern, game, secret }: FrontOptions): Promise<RunningFront> {
  const folder = mkdtempSync(join(tmpdir(), 'postern-nginx-'))
  const text = sample('nginx.conf', {
    'listen 8080;': `listen 127.0.0.1:${port};`,
    '127.0.0.1:8787': `127.0.0.1:${postern}`,
    '127.0.0.1:2567': `127.0.0.1:${game}`,
    ...nginxIn(folder),
  })
  writeFileSync(join(folder, 'nginx.conf'), text)
  writeFileSync(join(folder, 'postern-secret.conf'), `proxy_set_header Postern-Proxy-Secret "${secret}";\n`)
  const args = ['-p', folder, '-e', 'stderr', '-c', join(folder, 'nginx.conf')]
  return running({ command: 'nginx', args, env: pathOf() }, folder, port)
}

/** Caddy of this machine with deploy/Caddyfile. */
export function startCaddy({ port, postern, game, secret }: FrontOptions): Promise<RunningFront> {
  const folder = mkdtempSync(join(tmpdir(), 'postern-caddy-'))
  const text = sample('Caddyfile', {
    'http://localhost:8080 {': `{\n\tadmin off\n}\n\nhttp://localhost:${port} {`,
    '127.0.0.1:8787': `127.0.0.1:${postern}`,
    '127.0.0.1:2567': `127.0.0.1:${game}`,
  })
  writeFileSync(join(folder, 'Caddyfile'), text)
  return caddyIn(folder, port, { POSTERN_CADDY_SECRET: secret })
}

/** Caddy with the `Caddyfile` of a folder, which is its home too. */
function caddyIn(folder: string, port: number, settings: NodeJS.ProcessEnv = {}): Promise<RunningFront> {
  const home = { HOME: folder, XDG_CONFIG_HOME: folder, XDG_DATA_HOME: folder }
  const args = ['run', '--config', join(folder, 'Caddyfile'), '--adapter', 'caddyfile']
  return running({ command: 'caddy', args, env: { ...pathOf(), ...settings, ...home } }, folder, port)
}

/** A real Envoy with deploy/envoy.yaml. */
export async function startEnvoy({ port, postern, game, secret }: FrontOptions): Promise<RunningFront> {
  const folder = mkdtempSync(join(tmpdir(), 'postern-envoy-'))
  const text = sample('envoy.yaml', {
    'address: 0.0.0.0, port_value: 8080': `address: 127.0.0.1, port_value: ${port}`,
    'domains: [play.example.com]': `domains: ["localhost:${port}"]`,
    'address: 127.0.0.1, port_value: 8787': `address: 127.0.0.1, port_value: ${postern}`,
    'address: 127.0.0.1, port_value: 2567': `address: 127.0.0.1, port_value: ${game}`,
    SECRET_OF_AT_LEAST_32_RANDOM_CHARACTERS: secret,
  })
  writeFileSync(join(folder, 'envoy.yaml'), text)
  const args = ['-c', join(folder, 'envoy.yaml'), '--disable-hot-restart', '--concurrency', '1', '-l', 'warning']
  return running({ command: await envoy(), args, env: pathOf() }, folder, port)
}

/** Pages of other sites by host, and the hosts of a gateway: all behind one TLS port of Caddy, with a certificate of its own. */
export interface TlsOptions {
  readonly port: number
  readonly postern: number
  readonly hosts: readonly string[]
  readonly pages: Readonly<Record<string, string>>
}

/** Caddy of this machine as the TLS end of a gateway, and of the sites around it. */
export function startTls({ port, postern, hosts, pages }: TlsOptions): Promise<RunningFront> {
  const folder = mkdtempSync(join(tmpdir(), 'postern-tls-'))
  const site = (host: string, what: string) => `https://${host}:${port} {\n\ttls internal\n\t${what}\n}\n`
  const own = hosts.map((host) => site(host, `reverse_proxy 127.0.0.1:${postern}`))
  const others = Object.entries(pages).map(([host, html]) =>
    site(host, `header content-type "text/html; charset=utf-8"\n\trespond \`${html}\``),
  )
  const global = '{\n\tadmin off\n\tauto_https disable_redirects\n\tskip_install_trust\n}\n'
  writeFileSync(join(folder, 'Caddyfile'), [global, ...own, ...others].join('\n'))
  return caddyIn(folder, port)
}

/** What a sample of deploy/tls is started with. */
export interface TlsSampleOptions {
  readonly port: number
  readonly postern: number
  readonly host: string
  /** File of the certificate that signs those of clients; not given: none is asked for. */
  readonly clients?: string
}

/** The lines of the sample for certificates of clients, which are comments as it comes. */
function askingClients(file: string): Readonly<Record<string, string>> {
  return {
    '# ssl_client_certificate /etc/nginx/clients-ca.pem;': `ssl_client_certificate ${file};`,
    '# ssl_verify_client optional;': 'ssl_verify_client optional;',
    '# proxy_set_header X-Client-Verify': 'proxy_set_header X-Client-Verify',
  }
}

/** nginx of this machine with deploy/tls/nginx.conf, taking early data too, and a certificate made for it. */
export async function startTlsNginx({ port, postern, host, clients }: TlsSampleOptions): Promise<RunningFront> {
  const folder = mkdtempSync(join(tmpdir(), 'postern-tls-nginx-'))
  const how = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', `/CN=${host}`]
  const where = ['-keyout', join(folder, 'key'), '-out', join(folder, 'pem')]
  execFileSync('openssl', [...how, '-addext', `subjectAltName=DNS:${host}`, ...where], { stdio: 'ignore' })
  const plain = await freePorts(1)
  const text = sample('tls/nginx.conf', {
    '/etc/nginx/play.example.com.pem': join(folder, 'pem'),
    '/etc/nginx/play.example.com.key': join(folder, 'key'),
    'play.example.com': host,
    'listen 80;': `listen 127.0.0.1:${plain};`,
    'listen 443 ssl http2;': `listen 127.0.0.1:${port} ssl http2; ssl_early_data on;`,
    '127.0.0.1:8787': `127.0.0.1:${postern}`,
    ...(clients === undefined ? {} : askingClients(clients)),
    ...nginxIn(folder),
  })
  writeFileSync(join(folder, 'nginx.conf'), text)
  const args = ['-p', folder, '-e', 'stderr', '-c', join(folder, 'nginx.conf')]
  return running({ command: 'nginx', args, env: pathOf() }, folder, port)
}

/** Caddy of this machine with deploy/tls/Caddyfile, whose certificate it makes itself. */
export function startTlsCaddy({ port, postern, host }: TlsSampleOptions): Promise<RunningFront> {
  const folder = mkdtempSync(join(tmpdir(), 'postern-tls-caddy-'))
  const global = '{\n\tadmin off\n\tauto_https disable_redirects\n\tskip_install_trust\n}\n\n'
  const text = sample('tls/Caddyfile', {
    'play.example.com {': `${global}https://${host}:${port} {\n\ttls internal`,
    '127.0.0.1:8787': `127.0.0.1:${postern}`,
  })
  writeFileSync(join(folder, 'Caddyfile'), text)
  return caddyIn(folder, port)
}
