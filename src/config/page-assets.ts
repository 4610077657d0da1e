import { utf8 } from '../core/bytes.ts'
import { markedName, PAGE_FILE_TYPES, type PageFile } from '../core/page-file.ts'
import { hasMembers, type Reader } from './reader.ts'

/** Largest file, and all of them together, bytes: a Worker carries them in its bundle. */
const LARGEST = 256 * 1024
const ALL_TOGETHER = 1024 * 1024
const MOST = 32
const NAME = /^[a-z0-9][a-z0-9_-]{0,63}\.([a-z0-9]{3,5})$/

/** A file by the name its author gave it. */
export interface Asset extends PageFile {
  /** What it is served as. */
  readonly served: string
}

/** How files of a kind begin: whoever renames a file changes no format. */
const BEGINS: Readonly<Record<string, RegExp>> = {
  avif: /^[\s\S]{4}ftypavi[fs]/,
  gif: /^GIF8[79]a/,
  ico: /^\0\0\x01\0/,
  jpeg: /^\xff\xd8\xff/,
  jpg: /^\xff\xd8\xff/,
  png: /^\x89PNG\r\n\x1a\n/,
  svg: /^(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*\?>\s*)?(?:<!--(?:(?!-->)[\s\S])*-->\s*)*(?:<!doctype\s|<svg[\s>])/i,
  webp: /^RIFF[\s\S]{4}WEBP/,
  woff: /^wOFF/,
  woff2: /^wOF2/,
}

// WHY: as an image a browser runs nothing of a drawing, and alone it is in a sandbox; a mistake is told all the same.
const ACTIVE_SVG =
  /<(?:[\w.-]+:)?(?:script|foreignobject|handler|iframe|object|embed)\b|<!doctype|<!entity|<[^<>]*\son[a-z]+\s*=|href\s*=\s*["']?\s*(?!["'#\s])|javascript:|@import|url\(\s*["']?(?!["'#\s])/i

const CONTROL = /[\0-\x08\x0b\x0e-\x1f]/

/** The files of the operator's that our pages may load, by their names; what is wrong with one is told at its name. */
export function parseAssets(read: Reader, key: string): ReadonlyMap<string, Asset> {
  const given = read.raw(key) ?? {}
  if (!hasMembers(given)) {
    read.fault(key, 'must be an object of files: { "logo.svg": text, "logo.png": bytes or base64 }')
    return new Map()
  }
  const entries = Object.entries(given)
  if (entries.length > MOST) read.fault(key, `must have at most ${MOST} files, not ${entries.length}`)
  const assets = new Map<string, Asset>()
  for (const [name, content] of entries.slice(0, MOST)) {
    const made = assetOf(name, content)
    if (typeof made === 'string') read.fault(`${key}.${name}`, made)
    else assets.set(name, made)
  }
  const size = [...assets.values()].reduce((sum, { bytes }) => sum + bytes.length, 0)
  if (size > ALL_TOGETHER) read.fault(key, `must have at most ${ALL_TOGETHER} bytes together, not ${size}`)
  return assets
}

function assetOf(name: string, content: unknown): Asset | string {
  const ending = NAME.exec(name)?.[1] ?? ''
  const type = Object.hasOwn(PAGE_FILE_TYPES, ending) ? PAGE_FILE_TYPES[ending] : undefined
  if (type === undefined)
    return `must be named with a-z, 0-9, _ and - and end in .${Object.keys(PAGE_FILE_TYPES).join(', .')}, such as logo.svg`
  const bytes = bytesOf(content, ending)
  if (bytes === null)
    return ending === 'svg'
      ? 'must be the text of a drawing'
      : 'must be bytes (Uint8Array) or their base64, without blanks'
  if (bytes.length > LARGEST) return `must have at most ${LARGEST} bytes, not ${bytes.length}`
  const drawing = ending === 'svg' ? textOf(bytes) : null
  // WHY: in some encodings a control character hides letters of a name; in a drawing of text there is none.
  if (ending === 'svg' && (drawing === null || CONTROL.test(drawing)))
    return 'must be UTF-8, without control characters: save the drawing as such'
  const beginning = drawing ?? [...bytes.subarray(0, 64)].map((byte) => String.fromCharCode(byte)).join('')
  if (BEGINS[ending]?.test(beginning) !== true)
    return `does not begin as a .${ending} does: give it the name of what it is`
  if (drawing !== null && ACTIVE_SVG.test(drawing))
    return 'has a script, a handler, a doctype or entity, <foreignObject> or a link out of it: leave the drawing alone'
  return { type, bytes, served: markedName(name, bytes) }
}

function textOf(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(bytes)
  } catch {
    return null
  }
}

function bytesOf(content: unknown, ending: string): Uint8Array<ArrayBuffer> | null {
  if (content instanceof Uint8Array) return new Uint8Array(content)
  if (typeof content !== 'string' || content === '') return null
  if (ending === 'svg' && content.includes('<')) return utf8(content)
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(content) || content.length % 4 !== 0) return null
  return Uint8Array.from(atob(content), (character) => character.charCodeAt(0))
}
