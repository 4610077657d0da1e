import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { resolveDefinition } from '../config/define.ts'
import { parseConfig } from '../config/parse.ts'
import type { ConfigProblem } from '../config/reader.ts'
import type { Result } from '../core/result.ts'
import type { Known } from '../policy/known.ts'
import type { PolicyFile } from '../policy/source.ts'
import type { Config } from '../ports/config.ts'
import { EnvironmentProblem, type Io } from './io.ts'

/** The configuration of the deployment in this folder, checked. */
export async function loadConfig(io: Io, file = 'hono.config.ts'): Promise<Result<Config, readonly ConfigProblem[]>> {
  const path = resolve(io.cwd, file)
  const exported = await importConfig(path, file)
  return parseConfig(resolveDefinition(exported, (name) => io.env[name]))
}

async function importConfig(path: string, file: string): Promise<unknown> {
  try {
    const module = (await import(pathToFileURL(path).href)) as { readonly default?: unknown }
    return module.default
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new EnvironmentProblem(`${file}: PST500 cannot be loaded: ${reason}`)
  }
}

/** What a configuration says exists, for the policy checks. */
export function knownFrom(config: Config): Known {
  return {
    upstreams: config.upstreams,
    providers: config.providers.map(({ id }) => id),
    hosts: [config.host, ...config.hosts],
    attributes: config.attributes,
    prefix: config.prefix,
  }
}

const MAX_FILE = 16 * 1024 * 1024

/** All policy files directly in a folder, by path relative to the working folder; examples in subfolders are not policy. */
export function readPolicyFolder(io: Io, folder: string): readonly PolicyFile[] {
  const root = resolve(io.cwd, folder)
  let names: string[]
  try {
    names = readdirSync(root)
      .filter((name) => /\.ya?ml$/.test(name))
      .sort()
  } catch {
    throw new EnvironmentProblem(`${folder}: PST502 there is no such folder; policies are read from "${folder}" (setting "policies")`)
  }
  if (names.length === 0) throw new EnvironmentProblem(`${folder}: PST502 has no .yaml file`)
  return names.map((name) => {
    const path = join(root, name)
    const text = statSync(path).size > MAX_FILE ? ' '.repeat(MAX_FILE) : readFileSync(path, 'utf8')
    return { name: relative(io.cwd, path), text }
  })
}
