import type { Token } from './tokens.ts'

/** One module a file asks for. */
export interface Import {
  /** Null when it is computed, so that nobody can tell what it asks for. */
  readonly specifier: string | null
  readonly line: number
  /** `type`: gone after type stripping. */
  readonly kind: 'value' | 'type'
}

/** Every module a file asks for: import, export from, import(), require(). */
export function importsOf(all: readonly Token[]): readonly Import[] {
  const tokens = all.filter(({ kind }) => kind !== 'doc')
  const found: Import[] = []
  for (const [index, token] of tokens.entries()) {
    if (token.kind !== 'word' || isMember(tokens, index)) continue
    if (token.text === 'import') push(found, ofImport(tokens, index))
    if (token.text === 'export') push(found, ofExport(tokens, index))
    if (token.text === 'require' && isMark(tokens[index + 1], '(')) push(found, ofCall(tokens, index))
  }
  return found
}

function push(found: Import[], one: Import | null): void {
  if (one !== null) found.push(one)
}

function isMark(token: Token | undefined, text: string): boolean {
  return token?.kind === 'mark' && token.text === text
}

function isWord(token: Token | undefined, text: string): boolean {
  return token?.kind === 'word' && token.text === text
}

function isMember(tokens: readonly Token[], index: number): boolean {
  return isMark(tokens[index - 1], '.') || isMark(tokens[index + 1], ':')
}

function ofCall(tokens: readonly Token[], index: number): Import {
  const argument = tokens[index + 2]
  const ends = isMark(tokens[index + 3], ')') || isMark(tokens[index + 3], ',')
  const specifier = argument?.kind === 'string' && ends ? argument.text : null
  return { specifier, line: tokens[index]?.line ?? 0, kind: 'value' }
}

function ofImport(tokens: readonly Token[], index: number): Import | null {
  const next = tokens[index + 1]
  const line = tokens[index]?.line ?? 0
  if (next?.kind === 'string') return { specifier: next.text, line, kind: 'value' }
  if (isMark(next, '(')) return ofCall(tokens, index)
  if (isMark(next, '.')) return null
  // WHY: `import type from 'x'` imports a value that is called type.
  const isType = isWord(next, 'type') && !isWord(tokens[index + 2], 'from')
  const specifier = specifierAfterFrom(tokens, index + 1)
  return specifier === null ? null : { specifier, line, kind: isType ? 'type' : 'value' }
}

function ofExport(tokens: readonly Token[], index: number): Import | null {
  const isType = isWord(tokens[index + 1], 'type')
  const start = index + (isType ? 2 : 1)
  const opens = tokens[start]
  if (!isMark(opens, '{') && !isMark(opens, '*')) return null
  const close = isMark(opens, '{') ? tokens.findIndex((token, at) => at > start && isMark(token, '}')) : start
  const from = isWord(tokens[close + 1], 'as') ? close + 3 : close + 1
  const specifier = tokens[from + 1]
  if (!isWord(tokens[from], 'from') || specifier?.kind !== 'string') return null
  return { specifier: specifier.text, line: tokens[index]?.line ?? 0, kind: isType ? 'type' : 'value' }
}

function specifierAfterFrom(tokens: readonly Token[], start: number): string | null {
  const from = tokens.findIndex(
    (token, at) => at >= start && isWord(token, 'from') && tokens[at + 1]?.kind === 'string',
  )
  return from === -1 ? null : (tokens[from + 1]?.text ?? null)
}
