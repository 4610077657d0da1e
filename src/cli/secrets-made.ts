import { randomBytes } from 'node:crypto'

/** Secrets that Postern itself needs, and what each is for. */
export const OWN_SECRETS = {
  POSTERN_ROOT_SECRET: 'macs of tokens and sealed keys are derived from it; changing it signs everybody out',
  POSTERN_OPERATOR_KEY: 'opens the operator door to the command line',
} as const

/** A name of `OWN_SECRETS`. */
export type OwnSecret = keyof typeof OWN_SECRETS

/** A fresh secret: 32 random bytes, 43 characters that need no quotes in any file. */
export function makeSecret(): string {
  return randomBytes(32).toString('base64url')
}
