/** Every committed vector by `postern/verify`. Without a test library, so that Deno and workerd run the same list. */
import { localKeys, verifyAssertion } from '../../src/verify/index.ts'
import type { Case } from '../identity/rfc9421-cases.ts'
import json from '../vectors/assertions.vectors.json' with { type: 'json' }
import type { VectorFile } from '../vectors/generate.ts'
import { PINNED } from '../vectors/pinned.ts'

const FILE = json as VectorFile
const OPTIONS = {
  issuer: FILE.issuer,
  audience: FILE.audience,
  keys: localKeys(JSON.parse(JSON.stringify(FILE.jwks))),
  now: () => FILE.now,
}

async function verdict(token: string): Promise<readonly [string, string]> {
  try {
    const verified = await verifyAssertion(token, OPTIONS)
    return [verified.kind, verified.kind === 'user' ? verified.id : '']
  } catch (problem) {
    return ['refused', problem instanceof Error && 'code' in problem ? String(problem.code) : String(problem)]
  }
}

/** One case for each pinned vector, in the order of the pinned list; a vector that is not in the file is told as missing. */
export const VECTOR_CASES: readonly Case[] = PINNED.map(([name, kind, says]) => [
  name,
  async () => {
    const vector = FILE.vectors.find((one) => one.name === name)
    return { got: vector === undefined ? ['missing', ''] : await verdict(vector.token), wanted: [kind, says] }
  },
])
