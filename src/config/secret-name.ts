import type { SecretName } from '../ports/config.ts'
import type { Reader } from './reader.ts'

/** A secret by name; a value written into the file is refused. */
export function parseSecret(read: Reader, key: string): SecretName {
  const value = read.raw(key)
  const name = typeof value === 'object' && value !== null && 'secret' in value ? value.secret : null
  if (typeof name === 'string' && /^[A-Z][A-Z0-9_]*$/.test(name)) return { secret: name }
  read.fault(
    key,
    'must name a secret, such as secret("GOOGLE_CLIENT_SECRET"); secrets are never written into this file',
  )
  return { secret: 'INVALID' }
}
