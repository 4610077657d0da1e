import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { chmodSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { parseEnv } from 'node:util'
import { CLIENTS } from './clients.ts'

function appleKey(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString().trim().replaceAll('\n', '\\n')
}

/** Every secret of the demo, and how one is made. */
const MAKERS: Readonly<Record<string, () => string>> = {
  ...Object.fromEntries(
    Object.values(CLIENTS).map((client) => [client.secretName, () => randomBytes(24).toString('base64url')]),
  ),
  [CLIENTS.apple.secretName]: appleKey,
  POSTERN_OPERATOR_KEY: () => randomBytes(32).toString('base64url'),
}

/**
 * Reads the secrets in a file of `NAME=value` lines, after adding those that are missing. Nothing that is there is changed.
 *
 * @param path - created with mode 0600
 * @returns values by name
 */
export function ensureSecrets(path: string): Readonly<Record<string, string>> {
  const text = existsSync(path) ? readFileSync(path, 'utf8') : ''
  const known = parseEnv(text)
  const missing = Object.keys(MAKERS).filter((name) => (known[name] ?? '') === '')
  if (missing.length > 0) {
    const gap = text === '' || text.endsWith('\n') ? '' : '\n'
    const lines = missing.map((name) => `${name}="${MAKERS[name]?.() ?? ''}"\n`).join('')
    // WHY: written beside and renamed: two demos that start at once must not read half a file.
    const fresh = `${path}.${process.pid}`
    writeFileSync(fresh, `${text}${gap}${lines}`, { mode: 0o600 })
    renameSync(fresh, path)
  }
  chmodSync(path, 0o600)
  const values = parseEnv(readFileSync(path, 'utf8'))
  return Object.fromEntries(Object.keys(MAKERS).map((name) => [name, values[name] ?? '']))
}
