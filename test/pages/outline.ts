/** One opening tag of a document: its name and its raw attributes. */
export interface Tag {
  readonly name: string
  readonly attributes: string
}

const VOID = new Set(['meta', 'input', 'br', 'hr', 'link', 'img', 'path', 'circle', 'rect'])
const TAG = /<(\/?)([a-z][a-z0-9]*)((?:\s+[a-zA-Z:-]+(?:="[^"<>]*")?)*)\s*\/?>/g

/**
 * All opening tags in order. Throws when tags do not nest, or when a `<` stands anywhere that is not a tag we write:
 * stricter than a browser on purpose.
 */
export function outline(html: string): Tag[] {
  const body = html.replace(/^<!doctype html>\s*/, '').replace(/<style>[\s\S]*?<\/style>/, '')
  const open: string[] = []
  const tags: Tag[] = []
  let rest = 0
  for (const match of body.matchAll(TAG)) {
    if (/[<>]/.test(body.slice(rest, match.index))) throw new Error(`stray bracket: ${body.slice(rest, match.index)}`)
    rest = match.index + match[0].length
    const name = match[2] ?? ''
    if (match[1] === '/') {
      const last = open.pop()
      if (last !== name) throw new Error(`</${name}> closes <${last}>`)
      continue
    }
    tags.push({ name, attributes: match[3] ?? '' })
    if (!VOID.has(name)) open.push(name)
  }
  if (/[<>]/.test(body.slice(rest))) throw new Error(`stray bracket at the end: ${body.slice(rest)}`)
  if (open.length > 0) throw new Error(`never closed: ${open.join(', ')}`)
  return tags
}

/** How many tags have that name. */
export function countOf(tags: readonly Tag[], name: string): number {
  return tags.filter((tag) => tag.name === name).length
}
