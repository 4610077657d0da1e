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
  [/^Missing closing/, { message: 'a text in quotes is not closed before here', hint: 'add the closing quote' }],
  [
    /^Missing , |^Unexpected .* in flow|^Missing space after :/,
    {
      message: 'something is missing between the entries in brackets',
      hint: 'a comma between two, a blank behind ":"',
    },
  ],
  [
    /must be followed by map values|^Implicit map keys/,
    { message: 'no ":" with a blank behind it', hint: 'write "key: value"' },
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
 */
export function toldFaults(text: string, faults: readonly YamlFault[]): readonly ToldFault[] {
  const inOrder = [...faults].sort((a, b) => a.at - b.at)
  const tabs = inOrder.filter(({ code }) => code === 'TAB_AS_INDENT')
  if (tabs.length > 0) return tabs.map(told)
  const first = inOrder.find(({ code }) => code !== 'DUPLICATE_KEY')
  return first === undefined ? inOrder.map(told) : [blamed(text, first)]
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
