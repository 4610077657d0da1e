/** What the YAML library found, as far as it is needed here. */
export interface YamlFault {
  readonly code: string
  readonly message: string
  /** Offset in the text. */
  readonly at: number
}

/** The same, in words of somebody who writes policy files. */
export interface ToldFault {
  readonly at: number
  readonly message: string
  readonly hint: string
}

const ALIGN = 'begin the keys of one map, and the dashes of one list, in one column'
const DEEPER: Omit<ToldFault, 'at'> = {
  message: 'the line is indented deeper than the one above it allows',
  hint: ALIGN,
}
const SHIFTED: Omit<ToldFault, 'at'> = { message: 'the line does not begin where those beside it do', hint: ALIGN }

/** In this order; the first whose words are in the library's message. */
const WORDS: readonly (readonly [RegExp, Omit<ToldFault, 'at'>])[] = [
  [/^Tabs are not allowed/, { message: 'a tab as indentation', hint: 'indent with spaces' }],
  [/^Map keys must be unique/, { message: 'the same key twice in one place', hint: 'keep one of them' }],
  [/^Flow map .* end with a \}/, { message: 'a "{" is not closed before here', hint: 'add the "}"' }],
  [/^Flow sequence .* end with a \]/, { message: 'a "[" is not closed before here', hint: 'add the "]"' }],
  [
    /^Missing , |^Unexpected .* in flow|^Missing space after :/,
    {
      message: 'something is missing between the entries in brackets',
      hint: 'a comma between two, a blank behind ":"',
    },
  ],
  [
    /must be followed by map values|^Implicit (?:map )?keys/,
    { message: 'no ":" with a blank behind it', hint: 'write "key: value"' },
  ],
  [
    /^Unexpected .* at node end/,
    { message: 'something stands behind the end of the value', hint: `quote the whole text; write "'" in '...' twice` },
  ],
  [
    /^Alias cannot be an empty string/,
    { message: '"*" without quotes is no text to YAML', hint: 'write "*" in quotes' },
  ],
  [
    /^Plain value cannot start|^Block scalar header/,
    { message: 'a text cannot begin with this sign', hint: 'put the text in quotes' },
  ],
  [/must start at the same column|^Sequence item without|^A block sequence may not be|sufficiently indented/, SHIFTED],
]

/**
 * The first thing that is wrong with the form of a YAML file, or every tab it is indented with: what the library finds
 * behind that follows from it, and would hide it.
 *
 * @param faults - all that the library found, in any order; doubled keys, which do not spoil the form, are all kept
 * @param quotes - where texts in quotes begin: of one that is not closed the library blames the end
 */
export function toldFaults(
  text: string,
  faults: readonly YamlFault[],
  quotes: readonly number[] = [],
): readonly ToldFault[] {
  if (faults.length === 0) return []
  const plain = plainCause(text, faults)
  if (plain !== null) return [plain]
  const inOrder = [...faults].sort((a, b) => a.at - b.at)
  const tabs = inOrder.filter(({ code }) => code === 'TAB_AS_INDENT')
  if (tabs.length > 0) return tabs.map(told)
  const first = inOrder.find(({ code }) => code !== 'DUPLICATE_KEY')
  if (first === undefined) return inOrder.map(told)
  return [/^Missing closing/.test(first.message) ? openQuote(first, quotes) : blamed(text, first)]
}

/** Blanks of other kinds: they look like one, and are letters to YAML. */
export const OTHER_BLANK: RegExp = /[\u00a0\u2000-\u200b\u202f\u3000]/

/** What is said of one of them. */
export function otherBlank(sign: string): Omit<ToldFault, 'at'> {
  return { message: `a blank that is none to YAML (${codeOf(sign)})`, hint: 'write ordinary blanks' }
}

/** The number of a character, such as `U+00A0`. */
export function codeOf(sign: string): string {
  return `U+${(sign.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`
}

/** What somebody sees in an editor and the library has no name for: marks of a merge, blanks that are none. */
function plainCause(text: string, faults: readonly YamlFault[]): ToldFault | null {
  const mark = /^(?:<{7}|={7}|>{7})(?=[ \r\n]|$)/m.exec(text)
  if (mark !== null)
    return { at: mark.index, message: 'a merge conflict is not resolved', hint: 'keep one side, and remove the marks' }
  for (const { at } of faults) {
    const begin = text.lastIndexOf('\n', at - 1) + 1
    const end = text.indexOf('\n', at)
    const line = text.slice(begin, end === -1 ? undefined : end)
    const blank = OTHER_BLANK.exec(line.replace(/#.*/, ''))
    if (blank !== null) return { at: begin + blank.index, ...otherBlank(blank[0]) }
  }
  return null
}

function openQuote({ at }: YamlFault, quotes: readonly number[]): ToldFault {
  const opens = Math.max(...quotes.filter((offset) => offset < at))
  const hint = 'add the closing quote'
  if (Number.isFinite(opens)) return { at: opens, message: 'the quote that opens here is not closed', hint }
  return { at, message: 'a text in quotes is not closed before here', hint }
}

function told({ message, at }: YamlFault): ToldFault {
  const words = WORDS.find(([pattern]) => pattern.test(message))?.[1]
  if (words !== undefined) return { at, ...words }
  const hint = 'compare with the lines around it: indentation, quotes, brackets'
  return { at, message: `not YAML: ${(message.split('\n')[0] ?? message).toLowerCase()}`, hint }
}

/** WHY: of a line that is indented too deep the library blames the value above it, as if that began another map. */
function blamed(text: string, fault: YamlFault): ToldFault {
  if (!fault.message.startsWith('Nested mappings are not allowed')) return told(fault)
  const lineEnd = text.indexOf('\n', fault.at)
  const line = text.slice(fault.at, lineEnd === -1 ? undefined : lineEnd)
  if (/:(?:\s|$)/.test(line)) {
    return { at: fault.at, message: 'a second ":" with a blank behind it in one line', hint: 'put the text in quotes' }
  }
  const next = lineEnd === -1 ? null : /^(?:[ \t]*(?:#.*)?\r?\n)*[ \t]*/.exec(text.slice(lineEnd + 1))
  return { at: next === null ? fault.at : lineEnd + 1 + next[0].length, ...DEEPER }
}
