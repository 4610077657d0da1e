import { GUID } from '../core/provider-proofs.ts'

/**
 * What was pasted instead of the client secret of a kind, as far as its form gives it away; null when it may be right.
 *
 * @see docs/providers, "Three usual mistakes" of each page
 */
export function pastedInstead(kind: string, value: string): string | null {
  switch (kind) {
    case 'microsoft':
      return GUID.test(value) ? 'is the Secret ID: the Value beside it is needed, which is shown only once' : null
    case 'discord':
      if (/^[\da-f]{64}$/i.test(value)) return 'is the Public Key: the Client Secret is needed (OAuth2, Reset Secret)'
      // WHY: a bot token begins with the number of the bot in base64, which begins with a digit: M, N or O.
      return /^[MNO][\w-]{20,}\.[\w-]{6}\.[\w-]{27,}$/.test(value)
        ? 'is the token of a bot: the Client Secret is needed (OAuth2, Reset Secret)'
        : null
    case 'apple':
      return value.includes('-----BEGIN PRIVATE KEY-----')
        ? null
        : 'is no private key: the whole content of the .p8 file is needed'
    case 'google':
      return value.startsWith('{') ? 'is the JSON file of the console: only its client_secret is needed' : null
  }
  return null
}
