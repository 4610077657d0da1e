const CASED = /(?:%[89A-F][0-9A-F])+|%[0-7][0-9A-F]|[A-Za-z]+/g

/** A letter as a capital; what would become several letters stays. */
function capital(letter: string): string {
  const upper = letter.toUpperCase()
  return [...upper].length === 1 ? upper : letter
}

/** A letter as a small one, by way of the capital: so both small forms of a Greek sigma are one, as for Windows, .NET and Java. */
function small(letter: string): string {
  const upper = capital(letter)
  const lower = upper.toLowerCase()
  return [...lower].length === 1 ? lower : upper
}

/** A segment of a canonical path in capitals and in small letters, both canonical. */
export function casings(segment: string): readonly [capitals: string, small: string] {
  const spelt = (one: (letter: string) => string) =>
    segment.replace(CASED, (part) => {
      if (!part.startsWith('%')) return [...part].map(one).join('')
      return /^%[0-7]/.test(part) ? part : encodeURIComponent([...decodeURIComponent(part)].map(one).join(''))
    })
  return [spelt(capital), spelt(small)]
}
