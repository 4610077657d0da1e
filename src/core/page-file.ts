/** A file of the operator that our own pages may load, as it is served. */
export interface PageFile {
  readonly type: string
  readonly bytes: Uint8Array<ArrayBuffer>
}

/** What of the operator's our own pages load beside the built-in sheet. */
export interface PageLook {
  /** Name of the style sheet among the files; null: the built-in one alone. */
  readonly sheet: string | null
  /** By the name they are served under, which changes with what is in them. */
  readonly files: ReadonlyMap<string, PageFile>
}

/** Media type of each kind of file that may be loaded, by its ending. */
export const PAGE_FILE_TYPES: Readonly<Record<string, string>> = {
  avif: 'image/avif',
  gif: 'image/gif',
  ico: 'image/x-icon',
  jpeg: 'image/jpeg',
  jpg: 'image/jpeg',
  png: 'image/png',
  svg: 'image/svg+xml',
  webp: 'image/webp',
  woff: 'font/woff',
  woff2: 'font/woff2',
}

/** Where the files of our pages are, below the prefix. */
export function pageFilePath(prefix: string, name: string): string {
  return `${prefix}/pages/${name}`
}

/**
 * The name a file is served under: its own, and a mark of what is in it, so that browsers may keep it for ever.
 *
 * TRADE-OFF: FNV-1a twice instead of SHA-256, which is not to be had at once on Workers: the mark tells versions of one
 * operator's file apart and proves nothing.
 */
export function markedName(name: string, bytes: Uint8Array): string {
  let [one, other] = [0x811c9dc5, 0x9e3779b9]
  for (const byte of bytes) {
    one = Math.imul(one ^ byte, 0x01000193)
    other = Math.imul(other ^ byte, 0x01000193) ^ (one >>> 7)
  }
  const mark = [one, other].map((half) => (half >>> 0).toString(16).padStart(8, '0')).join('')
  const dot = name.lastIndexOf('.')
  return `${name.slice(0, dot)}.${mark}${name.slice(dot)}`
}
