/** One token of TypeScript source, as far as the structure checks need to tell tokens apart. */
export interface Token {
  readonly kind: 'word' | 'string' | 'number' | 'regex' | 'template' | 'mark' | 'doc'
  /** Spelling; of a string its contents without quotes. */
  readonly text: string
  /** Line the token begins on, counted from 1. */
  readonly line: number
}

const WORD = /[\p{ID_Start}$_#][\p{ID_Continue}$\u200c\u200d]*/uy
const NUMBER = /\d[\w.]*/y
const BEFORE_REGEX: ReadonlySet<string> = new Set([
  'return',
  'typeof',
  'case',
  'in',
  'of',
  'do',
  'else',
  'void',
  'delete',
  'await',
  'yield',
  'throw',
  'new',
  'instanceof',
])

class Scanner {
  readonly #source: string
  readonly #tokens: Token[] = []
  #at = 0
  #line = 1

  constructor(source: string) {
    this.#source = source
  }

  /** Everything up to the end, or up to the brace that closes a template's expression. */
  run(until: 'end' | 'brace'): readonly Token[] {
    let depth = 0
    while (this.#at < this.#source.length) {
      const char = this.#source.charAt(this.#at)
      if (until === 'brace' && char === '}' && depth === 0) return this.#tokens
      if (char === '{') depth++
      if (char === '}') depth--
      this.#one(char)
    }
    return this.#tokens
  }

  #one(char: string): void {
    const next = this.#source.charAt(this.#at + 1)
    if (char === '/' && next === '/') this.#skipTo('\n', 0)
    else if (char === '/' && next === '*') this.#blockComment()
    else if (char === "'" || char === '"') this.#string(char)
    else if (char === '`') this.#template()
    else if (char === '/' && this.#regexMayStart()) this.#regex()
    else if (/\s/.test(char)) this.#advance(1)
    else this.#push(...this.#wordOrMark(char))
  }

  #wordOrMark(char: string): readonly ['word' | 'number' | 'mark', string, number] {
    WORD.lastIndex = this.#at
    const word = WORD.exec(this.#source)?.[0]
    if (word !== undefined) return ['word', word, word.length]
    NUMBER.lastIndex = this.#at
    const number = NUMBER.exec(this.#source)?.[0]
    return number === undefined ? ['mark', char, 1] : ['number', number, number.length]
  }

  #push(kind: Token['kind'], text: string, length: number): void {
    this.#tokens.push({ kind, text, line: this.#line })
    this.#advance(length)
  }

  #advance(count: number): void {
    for (let i = 0; i < count; i++) if (this.#source.charAt(this.#at++) === '\n') this.#line++
  }

  #skipTo(end: string, from: number): void {
    const found = this.#source.indexOf(end, this.#at + from)
    this.#advance((found === -1 ? this.#source.length : found + (end === '\n' ? 0 : end.length)) - this.#at)
  }

  #blockComment(): void {
    const start = this.#at
    const line = this.#line
    this.#skipTo('*/', 2)
    const text = this.#source.slice(start, this.#at)
    if (text.startsWith('/**')) this.#tokens.push({ kind: 'doc', text, line })
  }

  #string(quote: string): void {
    let end = this.#at + 1
    while (end < this.#source.length && this.#source.charAt(end) !== quote) {
      end += this.#source.charAt(end) === '\\' ? 2 : 1
    }
    this.#push('string', this.#source.slice(this.#at + 1, end), end + 1 - this.#at)
  }

  #template(): void {
    this.#tokens.push({ kind: 'template', text: '', line: this.#line })
    this.#advance(1)
    for (let char = this.#peek(); char !== '`' && char !== ''; char = this.#peek()) {
      if (char === '\\') this.#advance(2)
      else if (char === '$' && this.#source.charAt(this.#at + 1) === '{') {
        this.#push('mark', '(', 2)
        this.run('brace')
        this.#push('mark', ')', 1)
      } else this.#advance(1)
    }
    this.#advance(1)
  }

  #peek(): string {
    return this.#source.charAt(this.#at)
  }

  #regexMayStart(): boolean {
    const last = this.#tokens.findLast(({ kind }) => kind !== 'doc')
    if (last === undefined) return true
    if (last.kind === 'word') return BEFORE_REGEX.has(last.text)
    return last.kind === 'mark' && !')]}'.includes(last.text)
  }

  #regex(): void {
    let end = this.#at + 1
    let inClass = false
    while (end < this.#source.length && (inClass || this.#source.charAt(end) !== '/')) {
      const char = this.#source.charAt(end)
      if (char === '[') inClass = true
      if (char === ']') inClass = false
      end += char === '\\' ? 2 : 1
    }
    this.#push('regex', this.#source.slice(this.#at, end + 1), end + 1 - this.#at)
  }
}

/**
 * The tokens of a TypeScript file: comments are dropped except `/** ... *\/`, strings and templates are opaque, the
 * expressions inside templates are not. Types are tokens like everything else.
 */
export function tokensOf(source: string): readonly Token[] {
  return new Scanner(source).run('end')
}
