/** What is used of node:crypto on workerd, which has it by `nodejs_compat`; the types of Workers leave it out. */
declare module 'node:crypto' {
  interface TextHash {
    update(text: string, encoding: 'utf8'): { digest(encoding: 'hex'): string }
  }
  /** A hash that is worked out at once. */
  export function createHash(algorithm: 'sha256'): TextHash
}
