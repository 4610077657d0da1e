import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { createConnection } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePorts } from './ports.ts'

/** A real redis-server on a free loopback port. */
export interface RedisServer {
  readonly port: number
  readonly url: string
  readonly directory: string
  /** Sends a signal to the process itself: SIGSTOP makes it silent, SIGKILL ends it in the middle of whatever it does. */
  signal(name: NodeJS.Signals): void
  /** Starts the process again with the same port, settings and directory, once it has ended. */
  restart(): Promise<void>
  /** Resolves when the process has ended. */
  ended(): Promise<void>
  /** Sends one command and gives the raw answer as text. */
  command(...words: readonly string[]): Promise<string>
  /** Ends the process and removes its directory. */
  stop(): Promise<void>
}

/** How the server keeps its data: only in memory, or in a log that is written to disk before each answer. */
export type Persistence = 'memory' | 'append-only-always'

/** One command over a connection of its own; the answer as it came, errors included. */
export function rawCommand(port: number, words: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ host: '127.0.0.1', port })
    let answer = ''
    socket.setTimeout(5_000, () => socket.destroy(new Error('no answer')))
    socket.once('error', reject)
    socket.on('data', (chunk) => {
      answer += chunk.toString('utf8')
      const head = /^([+\-:$])([^\r]*)\r\n/.exec(answer)
      if (head === null) return
      const length = head[1] === '$' && head[2] !== '-1' ? head[0].length + Number(head[2]) + 2 : head[0].length
      if (Buffer.byteLength(answer) < length) return
      socket.end()
      resolve(answer)
    })
    socket.write(`*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`)
  })
}

async function until(what: string, ready: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 400; tries++) {
    if (await ready().catch(() => false)) return
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
  throw new Error(`redis-server: ${what} did not come`)
}

function launch(directory: string, port: number, settings: readonly string[]): ChildProcess {
  const base = [
    '--port',
    String(port),
    '--bind',
    '127.0.0.1',
    '--dir',
    directory,
    '--save',
    '',
    '--loglevel',
    'warning',
  ]
  return spawn('redis-server', [...base, ...settings], { stdio: 'ignore' })
}

const PERSISTENCE: Readonly<Record<Persistence, readonly string[]>> = {
  memory: ['--appendonly', 'no'],
  'append-only-always': ['--appendonly', 'yes', '--appendfsync', 'always'],
}

/** Starts redis-server and waits until it answers. */
export async function startRedis(
  persistence: Persistence = 'memory',
  settings: readonly string[] = [],
): Promise<RedisServer> {
  const directory = await mkdtemp(join(tmpdir(), 'postern-redis-'))
  const port = await freePorts(1)
  const all = [...PERSISTENCE[persistence], ...settings]
  let child = launch(directory, port, all)
  const ready = () => until('the first answer', async () => (await rawCommand(port, ['PING'])).startsWith('+PONG'))
  await ready()
  const ended = (): Promise<void> => {
    const running = child
    if (running.exitCode !== null || running.signalCode !== null) return Promise.resolve()
    return new Promise((resolve) => running.once('exit', () => resolve()))
  }
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    directory,
    signal: (name) => void child.kill(name),
    async restart() {
      await ended()
      child = launch(directory, port, all)
      await ready()
    },
    ended,
    command: (...words) => rawCommand(port, words),
    async stop() {
      child.kill('SIGCONT')
      child.kill('SIGKILL')
      await ended()
      await rm(directory, { recursive: true, force: true })
    },
  }
}

/** A cluster of three masters that share the slots. */
export interface RedisCluster {
  readonly nodes: readonly RedisServer[]
  readonly urls: readonly string[]
  stop(): Promise<void>
}

const SLOTS = 16_384

/** Starts three nodes, gives each a third of the slots and waits until all agree. */
export async function startCluster(): Promise<RedisCluster> {
  const nodes: RedisServer[] = []
  for (let n = 0; n < 3; n++) {
    const bus = await freePorts(1)
    const settings = ['--cluster-enabled', 'yes', '--cluster-port', String(bus), '--cluster-node-timeout', '5000']
    nodes.push(await startRedis('memory', settings))
  }
  const [first] = nodes
  if (first === undefined) throw new Error('redis-server: no node')
  for (const [n, node] of nodes.entries()) {
    const from = Math.floor((SLOTS * n) / 3)
    const to = Math.floor((SLOTS * (n + 1)) / 3) - 1
    await node.command('CLUSTER', 'ADDSLOTSRANGE', String(from), String(to))
    await node.command('CLUSTER', 'SET-CONFIG-EPOCH', String(n + 1))
    if (node === first) continue
    const bus = /cluster-port\r\n\$\d+\r\n(\d+)/.exec(await configOf(node))?.[1] ?? ''
    await first.command('CLUSTER', 'MEET', '127.0.0.1', String(node.port), bus)
  }
  await until('the cluster', async () => {
    const infos = await Promise.all(nodes.map((node) => node.command('CLUSTER', 'INFO')))
    return infos.every((info) => info.includes('cluster_state:ok') && info.includes('cluster_known_nodes:3'))
  })
  return {
    nodes,
    urls: nodes.map(({ url }) => url),
    async stop() {
      await Promise.all(nodes.map((node) => node.stop()))
    },
  }
}

function configOf(node: RedisServer): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ host: '127.0.0.1', port: node.port })
    let answer = ''
    socket.once('error', reject)
    socket.on('data', (chunk) => {
      answer += chunk.toString('utf8')
      if (!/cluster-port\r\n\$\d+\r\n\d+\r\n/.test(answer)) return
      socket.end()
      resolve(answer)
    })
    socket.write('*3\r\n$6\r\nCONFIG\r\n$3\r\nGET\r\n$12\r\ncluster-port\r\n')
  })
}
