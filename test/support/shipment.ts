import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { ask } from './http.ts'

/** A clean folder that stands for the root of a machine: what a sample does to `/opt/postern` is done below it. */
export interface Machine {
  readonly root: string
  /** A path of the machine as it is called here; also inside longer text. */
  into(text: string): string
  /** Files of a deployment, as `postern init` writes them on that machine. */
  init(gateway: string, game: string): void
  remove(): void
}

const PLACES = /(?<![\w/])\/(?:opt\/postern|etc\/postern|var\/lib\/postern)/g

/** Writes into the files of `postern init` what its author has to: a client id, a store; and guests, for a test's players. */
export function completeDeployment(folder: string, store: string): void {
  const change = (name: string, from: RegExp, to: string) => {
    const file = join(folder, name)
    const text = readFileSync(file, 'utf8')
    if (!from.test(text)) throw new Error(`${name} has no ${from}`)
    writeFileSync(file, text.replace(from, to))
  }
  change('hono.config.ts', /REPLACE_ME/, '1234.apps.googleusercontent.com')
  change('hono.config.ts', /export default .*\{$/m, `$&\n  guests: 'on',\n  store: ${store},`)
  change('policies/roles.yaml', /^ {2}defaultRole: player/m, '  guestRole: guest\n$&')
  change('policies/roles.yaml', /^roles:$/m, '$&\n  guest: { level: 0, permissions: [players.view] }')
}

/** Makes one. */
export function emptyMachine(): Machine {
  const root = mkdtempSync(join(tmpdir(), 'postern-machine-'))
  const into = (text: string) => text.replaceAll(PLACES, (place) => `${root}${place}`)
  return {
    root,
    into,
    init(gateway, game) {
      const cwd = into('/etc/postern')
      mkdirSync(cwd, { recursive: true })
      const program = into('/opt/postern/bin/postern.mjs')
      const args = ['init', '--origin', gateway, '--upstream', `game=${game}`]
      execFileSync(process.execPath, [program, ...args], { cwd, stdio: 'pipe' })
      completeDeployment(cwd, `{ kind: 'embedded', file: '${into('/var/lib/postern/store.sqlite')}' }`)
    },
    remove: () => rmSync(root, { recursive: true, force: true }),
  }
}

/** What a Dockerfile leaves behind: how its program is started and looked at. */
export interface Image {
  readonly environment: Readonly<Record<string, string>>
  readonly entry: readonly string[]
  readonly health: readonly string[]
  readonly cwd: string
  readonly user: string
  readonly base: string
}

function lines(text: string): { readonly word: string; readonly rest: string }[] {
  return text
    .replaceAll('\\\n', ' ')
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith('#'))
    .map((line) => {
      const [, word = '', rest = ''] = /^(\w+)\s+(.*)$/.exec(line) ?? []
      return { word, rest }
    })
}

function copied(machine: Machine, cwd: string, rest: string): void {
  const names = rest.split(/\s+/)
  const to = names.pop() ?? ''
  const allowed = readFileSync('deploy/docker/Dockerfile.dockerignore', 'utf8').split('\n')
  for (const name of names) {
    if (!existsSync(name)) throw new Error(`COPY ${name}: there is no such file`)
    if (!allowed.includes(`!${name}`)) throw new Error(`COPY ${name}: .dockerignore keeps it from the builder`)
    const isFolder = to.endsWith('/')
    const target = resolve(machine.into(cwd), isFolder ? join(to, name.split('/').at(-1) ?? '') : to)
    mkdirSync(dirname(target), { recursive: true })
    cpSync(name, target, { recursive: true })
  }
}

/** Does what a Dockerfile says, below a clean folder: every file it copies, every command it runs. */
export function builtImage(file: string, machine: Machine): Image {
  const image = { environment: {} as Record<string, string>, entry: [], health: [], cwd: '/', user: 'root', base: '' }
  const done: { -readonly [key in keyof Image]: Image[key] } = image
  for (const { word, rest } of lines(readFileSync(file, 'utf8'))) {
    if (word === 'FROM') done.base = rest
    else if (word === 'WORKDIR') {
      done.cwd = rest
      mkdirSync(machine.into(rest), { recursive: true })
    } else if (word === 'COPY') copied(machine, done.cwd, rest)
    else if (word === 'RUN') {
      // WHY: the user of the image is not one of this machine, and what is in npm's cache need not come over the network.
      const command = machine.into(rest).replaceAll(' -o node -g node', '')
      const env = { ...process.env, npm_config_prefer_offline: 'true' }
      execFileSync('sh', ['-ec', command], { cwd: machine.into(done.cwd), env, stdio: 'pipe' })
    } else if (word === 'ENV')
      for (const [, name = '', value = ''] of rest.matchAll(/(\w+)=(\S+)/g)) image.environment[name] = value
    else if (word === 'USER') done.user = rest
    else if (word === 'ENTRYPOINT') done.entry = JSON.parse(rest) as string[]
    else if (word === 'HEALTHCHECK') done.health = JSON.parse(rest.slice(rest.indexOf('['))) as string[]
    else if (!['VOLUME', 'EXPOSE', 'STOPSIGNAL'].includes(word)) throw new Error(`${word} is not looked at`)
  }
  return done
}

/** The lines of a systemd unit: each key with its values in order. */
export function unitOf(file: string): ReadonlyMap<string, readonly string[]> {
  const keys = new Map<string, string[]>()
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    const [, key = '', value = ''] = /^(\w+)=(.*)$/.exec(line) ?? []
    if (key !== '') keys.set(key, [...(keys.get(key) ?? []), value])
  }
  return keys
}

/** A program of a sample that runs. */
export interface Running {
  readonly child: ChildProcess
  output(): string
  /** Asks it to end, and waits. */
  stop(signal?: NodeJS.Signals): Promise<number | null>
}

/** Starts a program with nothing but its own environment, and waits until the gateway answers that it is ready. */
export async function startShipped(
  command: readonly string[],
  cwd: string,
  environment: Readonly<Record<string, string>>,
  ready: string,
  host?: string,
): Promise<Running> {
  const [program = '', ...args] = command
  const child = spawn(program, args, { cwd, env: { PATH: process.env['PATH'] ?? '', ...environment } })
  let printed = ''
  child.stdout.on('data', (chunk) => (printed += chunk))
  child.stderr.on('data', (chunk) => (printed += chunk))
  const ended = new Promise<void>((done) => child.once('exit', () => done()))
  const stop = async (signal: NodeJS.Signals = 'SIGTERM') => {
    child.kill(signal)
    const patience = setTimeout(() => child.kill('SIGKILL'), 15_000)
    await ended
    clearTimeout(patience)
    return child.exitCode
  }
  for (let tries = 0; ; tries++) {
    if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}\n${printed}`)
    const answer = await ask(ready, host === undefined ? {} : { headers: { host } }).catch(() => null)
    if (answer?.status === 200) return { child, output: () => printed, stop }
    if (tries > 300) {
      await stop('SIGKILL')
      throw new Error(`it is not ready\n${printed}`)
    }
    await new Promise((again) => setTimeout(again, 100))
  }
}
