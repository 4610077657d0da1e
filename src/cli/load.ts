import type { ConfigProblem } from '../config/reader.ts'
import type { Result } from '../core/result.ts'
import type { PolicyFile } from '../policy/source.ts'
import type { Config } from '../ports/config.ts'
import { FolderProblem, readConfig, readPolicies } from '../runtime/folder.ts'
import { EnvironmentProblem, type Io } from './io.ts'

export { knownFrom } from '../runtime/folder.ts'

/** The configuration of the deployment in this folder, checked. */
export async function loadConfig(io: Io): Promise<Result<Config, readonly ConfigProblem[]>> {
  return asEnvironment(() => readConfig(io.cwd, (name) => io.env[name]))
}

/** All policy files directly in a folder. */
export async function readPolicyFolder(io: Io, folder: string): Promise<readonly PolicyFile[]> {
  return asEnvironment(async () => readPolicies(io.cwd, folder))
}

async function asEnvironment<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw error instanceof FolderProblem ? new EnvironmentProblem(error.message) : error
  }
}
