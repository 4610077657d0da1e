import { readFileSync } from 'node:fs'

/** The rows of a corpus: columns are separated by tabs; blank lines and lines that begin with `# ` are not rows. */
export function corpus(name: string): readonly (readonly string[])[] {
  const text = readFileSync(new URL(`../corpora/${name}`, import.meta.url), 'utf8')
  return text
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith('# '))
    .map((line) => line.split('\t'))
}

/** A JSON string column: how corpora write bytes no editor would keep. */
export function unquoted(column: string | undefined): string {
  const value: unknown = JSON.parse(column ?? 'null')
  if (typeof value !== 'string') throw new Error(`not a JSON string: ${column}`)
  return value
}

/** Bytes that look random and are the same on every run. */
export function* noise(seed: number): Generator<number, never> {
  let state = seed >>> 0
  for (;;) {
    // xorshift32
    state ^= state << 13
    state >>>= 0
    state ^= state >>> 17
    state ^= state << 5
    state >>>= 0
    yield state & 0xff
  }
}

/** A text of `length` characters, drawn from an alphabet. */
export function noiseText(source: Generator<number, never>, alphabet: readonly string[], length: number): string {
  let out = ''
  for (let i = 0; i < length; i++) out += alphabet[source.next().value % alphabet.length] ?? ''
  return out
}
