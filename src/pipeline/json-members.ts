import { foldedName } from '../core/folded-name.ts'

/** One member of a JSON object, with its value as it was written. */
export interface Member {
  readonly name: string
  readonly raw: string
}

const TOKEN = /"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\],]|[^\s"{}[\],]+/g
const STRICT = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function objectText(bytes: Uint8Array): string | null {
  try {
    const written = STRICT.decode(bytes)
    const value: unknown = JSON.parse(written)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? written : null
  } catch {
    return null
  }
}

/**
 * The members of a JSON object in order, repeated names included; null when the bytes are no JSON object in UTF-8.
 *
 * ATTACK: of two members with one name some parsers take the first, others the last; who decides must see both.
 */
export function membersOf(bytes: Uint8Array): readonly Member[] | null {
  const written = objectText(bytes)
  if (written === null) return null
  const members: Member[] = []
  let depth = 0
  let name: string | null = null
  let from = 0
  for (const { 0: token, index } of written.matchAll(TOKEN)) {
    const isEnd = depth === 1 && (token === ',' || token === '}')
    if (isEnd && name !== null) {
      members.push({ name, raw: written.slice(from, index).trim() })
      name = null
    }
    if (token === '{' || token === '[') depth++
    else if (token === '}' || token === ']') depth--
    else if (depth === 1 && name === null && token.startsWith('"')) {
      name = JSON.parse(token) as string
      from = written.indexOf(':', index + token.length) + 1
    }
  }
  return members
}

/** The one member of that name; `repeated` when it stands twice, however it is spelled; `missing` when it is not there. */
export function onlyMember(members: readonly Member[], name: string): Member | 'missing' | 'repeated' {
  // ATTACK: "action\u0000" and "action\ud800" are `action` to parsers that cut or drop what they cannot hold.
  const wanted = foldedName(name)
  const alike = members.filter((member) => foldedName(member.name) === wanted)
  if (alike.length > 1) return 'repeated'
  const [only] = alike
  // ATTACK: a parser that minds case does not see `Action` where `action` is judged.
  return only === undefined || only.name !== name ? 'missing' : only
}

/** Whether a Content-Type says JSON in UTF-8. */
export function isJson(contentType: string | null): boolean {
  return contentType !== null && /^application\/json\s*(;\s*charset\s*=\s*"?utf-8"?\s*)?$/i.test(contentType)
}
