import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Environment, resolveDefinition } from '../config/define.ts'
import { parseConfig } from '../config/parse.ts'
import type { ConfigProblem } from '../config/reader.ts'
import type { Result } from '../core/result.ts'
import { checkPolicy } from '../policy/compile.ts'
import type { Known } from '../policy/known.ts'
import type { PolicyBundle } from '../policy/model.ts'
import { formatProblems } from '../policy/print.ts'
import { runPolicyTests, testProblems } from '../policy/run-tests.ts'
import type { PolicyFile } from '../policy/source.ts'
import type { Config } from '../ports/config.ts'

/** Files of a deployment are not where they must be. One line for the operator. */
export class FolderProblem extends Error {
  override readonly name = 'FolderProblem'
}

/**
 * What `hono.config.ts` of a folder exports by default.
 *
 * @param edition - above 0: a process that read the file before reads it again
 */
export async function importDefinition(folder: string, edition: number = 0): Promise<unknown> {
  try {
    const again = edition === 0 ? '' : `?edition=${edition}`
    const module = (await import(`${pathToFileURL(resolve(folder, 'hono.config.ts')).href}${again}`)) as {
      readonly default?: unknown
    }
    return module.default
  } catch (error) {
    throw new FolderProblem(notLoaded(error))
  }
}

/** Colors, with which Deno writes its messages. */
const COLORS = /\u001b\[[\d;]*m/g

function notLoaded(error: unknown): string {
  const plain = (text: string): string => text.replace(COLORS, '')
  const [reason = ''] = plain(error instanceof Error ? error.message : String(error)).split('\n')
  // WHY: the engines say where in the trace alone, as `hono.config.ts:6` or `hono.config.ts?edition=1:6:1`.
  const trace = plain(error instanceof Error ? (error.stack ?? '') : '')
  const [, line, column = '1'] = /hono\.config\.ts(?:\?edition=\d+)?:(\d+)(?::(\d+))?/.exec(trace) ?? []
  return `hono.config.ts${line === undefined ? '' : `:${line}:${column}`}: PST500 cannot be loaded: ${reason}`
}

/** The checked configuration of a folder. */
export async function readConfig(
  folder: string,
  environment: Environment,
): Promise<Result<Config, readonly ConfigProblem[]>> {
  return parseConfig(resolveDefinition(await importDefinition(folder), environment))
}

/** What a configuration says exists, for the policy checks. */
export function knownFrom(config: Config): Known {
  return {
    upstreams: config.upstreams.map(({ name, caseInsensitive, stripPrefix }) => ({
      name,
      caseInsensitive,
      stripPrefix,
      forwardAuth: config.forwardAuth.some(({ upstreams }) => upstreams.includes(name)),
    })),
    providers: config.providers.map(({ id }) => id),
    hosts: [config.host, ...config.hosts],
    attributes: config.attributes,
    prefix: config.prefix,
  }
}

const MADE = '"postern init" writes a first one'
const MAX_FILE = 16 * 1024 * 1024

/** Whether a file of this name, without its folder, is a policy file; `ROLES.YAML` is one, too. */
export function isPolicyName(name: string): boolean {
  // WHY: what begins with a dot is an editor's lock (`.#game.yaml`) or a copy that somebody or something keeps.
  return /^[^.].*\.ya?ml$/i.test(name)
}

/** The names of the policy files directly in a folder, in order; hidden files are none, nor is what is no file. */
export function policyNames(folder: string): readonly string[] {
  return readdirSync(folder)
    .filter((name) => isPolicyName(name) && mayBeFile(join(folder, name)))
    .sort()
}

function mayBeFile(path: string): boolean {
  try {
    return statSync(path).isFile()
  } catch {
    // WHY: a link that leads nowhere is told when it is read; to leave it out would drop its rules without a word.
    return true
  }
}

/**
 * All policy files directly in a folder, named relative to `base`; examples in folders below are not policy.
 *
 * @throws FolderProblem when there is none, or one that cannot be read
 */
export function readPolicies(base: string, folder: string): readonly PolicyFile[] {
  const root = resolve(base, folder)
  let names: readonly string[]
  try {
    names = policyNames(root)
  } catch {
    throw new FolderProblem(
      `${folder}: PST502 there is no such folder; policies are read from "${folder}" (setting "policies"); ${MADE}`,
    )
  }
  if (names.length === 0) throw new FolderProblem(`${folder}: PST502 has no .yaml file; ${MADE}`)
  return names.map((file) => {
    const path = join(root, file)
    const name = relative(base, path)
    return { name, text: textOf(path, name) }
  })
}

function textOf(path: string, name: string): string {
  let bytes: Uint8Array
  try {
    // WHY: a file beyond every bound is not read; the check refuses it by its size.
    if (statSync(path).size > MAX_FILE) return ' '.repeat(MAX_FILE)
    bytes = readFileSync(path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new FolderProblem(
      `${name}: PST502 cannot be read (${code}); make it a file that can, or take it out of the folder`,
    )
  }
  const text = decoded(bytes)
  if (text !== null) return text
  const line = brokenLine(bytes)
  throw new FolderProblem(`${name}:${line}:1: PST502 has bytes that are not UTF-8; save the file as UTF-8`)
}

function decoded(bytes: Uint8Array): string | null {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    // WHY: UTF-16 without a mark at its front can be UTF-8, with a NUL beside each letter.
    return text.includes('\0') ? null : text
  } catch {
    return null
  }
}

/** The first line that is no text by itself, from 1. */
function brokenLine(bytes: Uint8Array): number {
  for (let line = 1, from = 0; ; line++) {
    const end = bytes.indexOf(0x0a, from)
    if (end === -1 || decoded(bytes.subarray(from, end)) === null) return line
    from = end + 1
  }
}

/**
 * The compiled policies of a folder.
 *
 * @throws FolderProblem with every problem of the configuration or the policies
 */
export async function compileFolder(
  folder: string,
  definition: unknown,
  environment: Environment,
): Promise<PolicyBundle> {
  const config = parseConfig(resolveDefinition(definition, environment))
  if (!config.ok)
    throw new FolderProblem(
      config.fault.map(({ path, message }) => `hono.config.ts: PST501 ${path} ${message}`).join('\n'),
    )
  return compileChecked(folder, config.value)
}

/**
 * The compiled policies of a folder, their tests run.
 *
 * @throws FolderProblem with every problem and every failed test
 */
export async function compileChecked(folder: string, config: Config): Promise<PolicyBundle> {
  const checked = await checkPolicy(readPolicies(folder, config.policies), knownFrom(config))
  if (checked.bundle === null) throw new FolderProblem(formatProblems(checked.problems))
  const failed = testProblems(runPolicyTests(checked.bundle, checked.parts, config))
  if (failed.length > 0) throw new FolderProblem(formatProblems(failed))
  return checked.bundle
}
