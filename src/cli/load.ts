import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { resolveDefinition } from '../config/define.ts'
import { parseConfig } from '../config/parse.ts'
import type { ConfigProblem } from '../config/reader.ts'
import type { Result } from '../core/result.ts'
import type { Known } from '../policy/known.ts'
import type { PolicyFile } from '../policy/source.ts'
import type { Config } from '../ports/config.ts'
import { FolderProblem, importDefinition, knownFrom, readPolicies } from '../runtime/folder.ts'
import { CONFIG_FILE } from './findings.ts'
import { EnvironmentProblem, type Io } from './io.ts'
import { settingsOf } from './settings.ts'

export { knownFrom } from '../runtime/folder.ts'

/** A configuration as its author wrote it, and as it was checked. */
export interface LoadedConfig {
  /** What the file exports by default. */
  readonly definition: unknown
  /** The object that stands for in this environment. */
  readonly input: unknown
  readonly parsed: Result<Config, readonly ConfigProblem[]>
}

/** How a command reads a configuration that it does not take as it stands, or has read before. */
export interface Reading {
  readonly adjust: (definition: unknown) => unknown
  /** Above 0: the file may have changed since it was read. */
  readonly edition: number
}

const AS_IT_STANDS: Reading = { adjust: (definition) => definition, edition: 0 }

/**
 * The configuration of the deployment in this folder.
 *
 * @throws EnvironmentProblem when there is none, or when it cannot be loaded
 */
export async function loadConfig(io: Io, reading: Reading = AS_IT_STANDS): Promise<LoadedConfig> {
  if (!existsSync(resolve(io.cwd, CONFIG_FILE))) {
    const remedy = 'run "postern init" to make one, or run this in the folder of a deployment'
    throw new EnvironmentProblem(`${CONFIG_FILE}: PST500 there is none in ${io.cwd}; ${remedy}`)
  }
  const definition = await asEnvironment(() => importDefinition(io.cwd, reading.edition))
  const input = resolveInput(reading.adjust(definition), io)
  return { definition, input, parsed: parseConfig(input) }
}

function resolveInput(definition: unknown, io: Io): unknown {
  const settings = settingsOf(io)
  try {
    return resolveDefinition(definition, (name) => settings(name)?.value)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new EnvironmentProblem(`${CONFIG_FILE}: PST500 its function throws: ${reason}`)
  }
}

/** All policy files directly in a folder. */
export async function readPolicyFolder(io: Io, folder: string): Promise<readonly PolicyFile[]> {
  return asEnvironment(async () => readPolicies(io.cwd, folder))
}

function textOf(input: unknown, key: string): string | null {
  const value = typeof input === 'object' && input !== null ? (input as Record<string, unknown>)[key] : null
  return typeof value === 'string' ? value : null
}

/** Where the policy files of a configuration are, even of one that has problems. */
export function policiesFolder({ input, parsed }: LoadedConfig): string {
  return parsed.ok ? parsed.value.policies : (textOf(input, 'policies') ?? 'policies')
}

/** What is known when the configuration has problems: nothing, so that names of it cannot be judged. */
const NOTHING: Known = { upstreams: [], providers: [], hosts: [], attributes: {}, prefix: '/auth' }

/** What the configuration says exists. */
export function knownOf({ parsed }: LoadedConfig): Known {
  return parsed.ok ? knownFrom(parsed.value) : NOTHING
}

async function asEnvironment<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw error instanceof FolderProblem ? new EnvironmentProblem(error.message) : error
  }
}
