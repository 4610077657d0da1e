import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { parseOrigin } from '../../config/parse-network.ts'
import { type ConfigProblem, Reader } from '../../config/reader.ts'
import { didYouMean } from '../../policy/suggest.ts'
import { policyNames } from '../../runtime/folder.ts'
import { callbackUrl } from '../doctor/providers.ts'
import { CONFIG_FILE } from '../findings.ts'
import { printJson } from '../formats.ts'
import { EnvironmentProblem, EXIT, type ExitCode, type Io, UsageProblem } from '../io.ts'
import { loadConfig } from '../load.ts'
import { VARS_FILE } from '../settings.ts'
import * as starter from '../starter.ts'

/** Options of `postern init`. */
export interface InitOptions {
  readonly origin: string
  /** `name=url`, one or several. */
  readonly upstream: readonly string[]
  /** Kinds of providers, one or several. */
  readonly provider: readonly string[]
  readonly dryRun: boolean
  readonly json: boolean
}

interface Piece {
  readonly path: string
  readonly text: string
  readonly mode: number
}

type Fate = 'written' | 'kept' | 'would be written'

function originOf(written: string): string {
  const url = URL.parse(written)
  if (url !== null && url.origin === written && /^https?:$/.test(url.protocol)) {
    const problems: ConfigProblem[] = []
    parseOrigin(new Reader({ origin: written }, '', problems))
    const [problem] = problems
    if (problem === undefined) return written
    throw new UsageProblem(`--origin ${problem.message}`)
  }
  const near = url === null || url.origin === 'null' ? 'https://play.example.com' : url.origin
  throw new UsageProblem(`--origin must be an origin without path or slash, such as ${near}, not "${written}"`)
}

function upstreamsOf(folder: string, written: readonly string[]): starter.Starter['upstreams'] {
  const upstreams = written.map((one) => {
    const [, name = '', url = ''] = /^([^=]*)=(https?:.*)$/.exec(one) ?? []
    if (/^[a-z][a-z0-9-]{0,39}$/.test(name) && URL.parse(url)?.origin === url) return [name, url] as const
    throw new UsageProblem(`--upstream must be name=origin, such as game=http://127.0.0.1:2567, not "${one}"`)
  })
  const names = upstreams.map(([name]) => name)
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined)
    throw new UsageProblem(`--upstream names "${twice}" twice: each service needs a name of its own`)
  const clash = hasPolicies(folder) ? null : starter.clashOf(upstreams)
  if (clash !== null) throw new UsageProblem(`--upstream: ${clash}`)
  return upstreams
}

function providersOf(written: readonly string[]): readonly string[] {
  const known = Object.keys(starter.PROVIDERS)
  for (const kind of written) {
    if (known.includes(kind)) continue
    throw new UsageProblem(`--provider: unknown provider "${kind}"; ${didYouMean(kind, known) ?? ''}`)
  }
  return [...new Set(written)]
}

function hasPolicies(folder: string): boolean {
  const path = resolve(folder, 'policies')
  return existsSync(path) && policyNames(path).length > 0
}

function piecesOf(what: starter.Starter): readonly Piece[] {
  const plain = (path: string, text: string): Piece => ({ path, text, mode: 0o644 })
  const policies = hasPolicies(what.folder)
    ? []
    : [
        plain('policies/roles.yaml', starter.rolesText()),
        ...what.upstreams.map(([name], index) =>
          plain(`policies/${name}.yaml`, starter.rulesText(name, index === 0 ? 'first' : 'further')),
        ),
      ]
  return [
    plain(CONFIG_FILE, starter.configText(what)),
    ...policies,
    plain('wrangler.toml', starter.wranglerText(what)),
    { path: VARS_FILE, text: starter.varsText(what.providers), mode: 0o600 },
    plain('.gitignore', `${starter.IGNORED.join('\n')}\n`),
  ]
}

function write(folder: string, { path, text, mode }: Piece, dryRun: boolean): Fate {
  const full = resolve(folder, path)
  if (existsSync(full)) return 'kept'
  if (dryRun) return 'would be written'
  try {
    mkdirSync(dirname(full), { recursive: true })
    // INVARIANT: `wx` refuses a file that appeared meanwhile: init never overwrites.
    writeFileSync(full, text, { flag: 'wx', mode })
    return 'written'
  } catch (error) {
    throw new EnvironmentProblem(
      `${path}: PST503 cannot be written: ${error instanceof Error ? error.message : String(error)}`,
    )
  }
}

/** What of a folder must never be committed, and is not ignored. */
export function unprotected(folder: string): readonly string[] {
  const path = resolve(folder, '.gitignore')
  if (!existsSync(path)) return []
  const lines = readFileSync(path, 'utf8')
    .split(/\r?\n/)
    .map((line) => line.trim().replace(/^\//, '').replace(/\/$/, ''))
  return [VARS_FILE, '.postern'].filter((name) => !lines.includes(name))
}

/** A way to sign in, and what its console must know. */
interface Way {
  readonly id: string
  readonly callback: string
  readonly secret: string | null
}

/** The ways of the configuration that is there, which need not be the one that was asked for. */
async function waysOf(io: Io, what: starter.Starter, config: Fate | undefined): Promise<readonly Way[]> {
  const fresh = what.providers.map((id) => ({
    id,
    callback: `${what.origin}/auth/callback/${id}`,
    secret: starter.secretNameOf(id),
  }))
  if (config !== 'kept') return fresh
  const { parsed } = await loadConfig(io)
  if (!parsed.ok) return []
  return parsed.value.providers.map(({ id, clientSecret }) => ({
    id,
    callback: callbackUrl(parsed.value, id),
    secret: clientSecret?.secret ?? null,
  }))
}

/** What is left to do by hand, in order. */
function nextSteps(what: starter.Starter, given: readonly Way[]): readonly string[] {
  const ways = given.flatMap(({ id, callback, secret }) => [
    `${id}: register this callback URL, exactly: ${callback}`,
    `${id}: put the client id into ${CONFIG_FILE}${secret === null ? '' : `, the secret into ${VARS_FILE} as ${secret}`}`,
  ])
  const ignored = unprotected(what.folder).map((name) => `add "${name}" to .gitignore: it must not be committed`)
  const worker = existsSync(resolve(what.folder, 'src/runtime/workers.ts'))
    ? []
    : ['on Workers: wrangler.toml expects src/runtime/workers.ts, so deploy from a copy of the repository']
  const process = `on Node and Deno: the gateway reads its environment, not ${VARS_FILE}: set -a; . ./${VARS_FILE}; set +a`
  return [...ways, ...ignored, process, ...worker, 'then: postern check, and postern doctor']
}

/** Writes the files of a new deployment with fresh secrets; what is there already stays as it is. */
export async function init(io: Io, options: InitOptions): Promise<ExitCode> {
  const what: starter.Starter = {
    folder: io.cwd,
    origin: originOf(options.origin),
    upstreams: upstreamsOf(io.cwd, options.upstream),
    providers: providersOf(options.provider),
    place: existsSync(resolve(io.cwd, 'src/config/define.ts')) ? 'repository' : 'elsewhere',
  }
  const policies: { path: string; fate: Fate }[] = hasPolicies(io.cwd) ? [{ path: 'policies/', fate: 'kept' }] : []
  const written = piecesOf(what).map((piece) => ({ path: piece.path, fate: write(io.cwd, piece, options.dryRun) }))
  const files = [...written, ...policies]
  const ways = await waysOf(io, what, written.find(({ path }) => path === CONFIG_FILE)?.fate)
  const steps = nextSteps(what, ways)
  if (options.json) {
    const callbacks = Object.fromEntries(ways.map(({ id, callback }) => [id, callback]))
    printJson(io, { files, callbacks, next: steps })
    return EXIT.ok
  }
  for (const { path, fate } of files) io.out(`${fate.padEnd(options.dryRun ? 16 : 7)}  ${path}`)
  io.out('')
  for (const step of steps) io.out(step)
  return EXIT.ok
}
