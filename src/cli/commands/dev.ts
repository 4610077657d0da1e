import { watchFiles } from '../dev/changes.ts'
import { type DevGateway, startGateway } from '../dev/gateway.ts'
import { notesOf, type Ready, readyDeployment } from '../dev/ready.ts'
import { environmentOf } from '../dev/secrets.ts'
import { saysStarted, tellLine } from '../dev/tell.ts'
import { examinePort } from '../doctor/machine.ts'
import { note, printNotes } from '../doctor/notes.ts'
import { openReach } from '../doctor/reach.ts'
import { examineUpstreams } from '../doctor/upstreams.ts'
import { CONFIG_FILE, type Finding, printFindings } from '../findings.ts'
import { refuse } from '../inspect.ts'
import { EnvironmentProblem, EXIT, type ExitCode, type Io, UsageProblem } from '../io.ts'
import { paintFor } from '../paint.ts'
import { settingsOf, VARS_FILE } from '../settings.ts'

/** Options of `postern dev`. */
export interface DevOptions {
  readonly port?: string | undefined
  readonly json: boolean
}

interface Session {
  readonly io: Io
  readonly how: 'human' | 'json'
  readonly port: number | null
}

function portOf(io: Io, option: string | undefined): number | null {
  const setting = settingsOf(io)('PORT')
  const written = option ?? setting?.value ?? ''
  if (written === '' && option === undefined) return null
  const port = /^\d{1,5}$/.test(written) ? Number(written) : 0
  if (port >= 1 && port <= 65_535) return port
  const what = option === undefined ? `PORT (${setting?.origin})` : '--port'
  throw new UsageProblem(`${what} must be a number from 1 to 65535, not "${written}"`)
}

/** ATTACK: plain http with the secrets of a developer is for this machine, whatever HOST some shell exports. */
const LOOPBACK = '127.0.0.1'

function listening({ config }: Ready): { readonly host: string; readonly port: number } {
  return { host: LOOPBACK, port: Number(new URL(config.origin).port || 80) }
}

async function checkPort(ready: Ready): Promise<void> {
  const state = await examinePort(ready.config, listening(ready), openReach('loopback'))
  if (state.gateway === 'running')
    throw new EnvironmentProblem(
      `a gateway serves at ${ready.config.origin} already: stop it, or choose another --port`,
    )
  for (const { state: how, message } of state.notes) if (how === 'error') throw new EnvironmentProblem(message)
}

/** Starts the gateway and tells what there is. */
async function start({ io, how }: Session, ready: Ready): Promise<DevGateway> {
  const { config } = ready
  const notes = [...notesOf(io, ready), ...(await examineUpstreams(config, openReach('everywhere')))]
  if (how === 'json') io.out(JSON.stringify({ event: 'dev', origin: config.origin, notes }))
  else printNotes(io, notes)
  const paint = paintFor(io)
  const serves = note('gateway', 'ok', `${config.origin} serves; Ctrl-C ends it`)
  const log = (line: string): void => {
    if (how === 'json') io.out(line)
    else if (saysStarted(line)) printNotes(io, [serves])
    else for (const told of tellLine(line, paint)) io.out(told)
  }
  const environment = { ...environmentOf(io, ready.secrets), HOST: LOOPBACK, PORT: String(listening(ready).port) }
  return startGateway(io.cwd, environment, { log, aside: (line) => io.err(line) })
}

async function readAgain(session: Session, edition: number): Promise<Ready | readonly Finding[] | EnvironmentProblem> {
  try {
    return await readyDeployment(session.io, { port: session.port, edition })
  } catch (error) {
    // WHY: while somebody edits, a file that cannot be read is one more thing that is wrong with it.
    if (error instanceof EnvironmentProblem) return error
    throw error
  }
}

function tellRefused({ io, how }: Session, found: readonly Finding[] | EnvironmentProblem): void {
  const goesOn = `${CONFIG_FILE} and ${VARS_FILE} of before go on serving`
  if (how === 'json') {
    const problems = found instanceof EnvironmentProblem ? [{ message: found.message }] : found
    io.out(JSON.stringify({ event: 'dev-refused', problems }))
    return
  }
  if (found instanceof EnvironmentProblem) io.out(found.message)
  else printFindings(io, found)
  io.out(goesOn)
}

function isReady(found: Ready | readonly Finding[] | EnvironmentProblem): found is Ready {
  return 'config' in found
}

function interruption(): Promise<'interrupted'> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve('interrupted'))
  })
}

async function serve(session: Session, first: Ready): Promise<ExitCode> {
  const { io } = session
  const changes = watchFiles(io.cwd, [CONFIG_FILE, VARS_FILE])
  const interrupted = interruption()
  try {
    let gateway = await start(session, first)
    for (let edition = 1; ; edition++) {
      const event = await Promise.race([gateway.ended, interrupted, changes.next()])
      if (event === 'interrupted') {
        await gateway.stop()
        return EXIT.ok
      }
      if (event !== 'changed') throw new EnvironmentProblem(`the gateway ended with status ${event.code}`)
      const found = await readAgain(session, edition)
      changes.accept()
      if (isReady(found)) {
        if (session.how === 'human') io.out(`${CONFIG_FILE} or ${VARS_FILE} changed: starting again`)
        await gateway.stop()
        gateway = await start(session, found)
      } else tellRefused(session, found)
    }
  } finally {
    changes.close()
  }
}

/** Serves the deployment of the folder on this machine while somebody works on it; policies and configuration are taken up as they are saved. */
export async function dev(io: Io, options: DevOptions): Promise<ExitCode> {
  const session: Session = { io, how: options.json ? 'json' : 'human', port: portOf(io, options.port) }
  const first = await readyDeployment(io, { port: session.port, edition: 0 })
  if (!isReady(first)) return refuse(io, first, session.how)
  await checkPort(first)
  return serve(session, first)
}
