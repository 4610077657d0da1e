import type { FileMap } from './house.ts'
import { type Import, importsOf } from './imports.ts'
import { tokensOf } from './tokens.ts'

/** One import of a file, with the file it leads to; null: a package or a runtime module. */
export interface Edge extends Import {
  readonly to: string | null
}

/** What each file imports. */
export type Graph = ReadonlyMap<string, readonly Edge[]>

/** The import graph of a tree. */
export function graphOf(files: FileMap): Graph {
  const scripts = [...files].filter(([path]) => /\.(ts|tsx|mts|js|mjs)$/.test(path))
  return new Map(
    scripts.map(([path, source]) => [
      path,
      importsOf(tokensOf(source)).map((one) => ({ ...one, to: resolve(path, one.specifier) })),
    ]),
  )
}

function resolve(from: string, specifier: string | null): string | null {
  if (specifier === null || !specifier.startsWith('.')) return null
  const parts = from.split('/').slice(0, -1)
  for (const part of specifier.split('/')) {
    if (part === '..') parts.pop()
    else if (part !== '.') parts.push(part)
  }
  return parts.join('/')
}

/** Files that import each other in a ring, each ring once, beginning with its first file by name. Types count. */
export function circlesOf(graph: Graph): readonly (readonly string[])[] {
  const rings = new Map<string, readonly string[]>()
  const done = new Set<string>()
  const walk = (path: string, trail: readonly string[]): void => {
    const seen = trail.indexOf(path)
    if (seen !== -1) {
      const ring = rotate(trail.slice(seen))
      rings.set(ring.join(' '), ring)
      return
    }
    if (done.has(path)) return
    for (const { to } of graph.get(path) ?? []) if (to !== null && graph.has(to)) walk(to, [...trail, path])
    done.add(path)
  }
  for (const path of graph.keys()) walk(path, [])
  return [...rings.values()]
}

function rotate(ring: readonly string[]): readonly string[] {
  const least = ring.indexOf([...ring].sort()[0] ?? '')
  return [...ring.slice(least), ...ring.slice(0, least)]
}

/** Packages a bundle that begins at `entry` contains, each with the file that asks for it. Types are gone there. */
export function packagesReachableFrom(graph: Graph, entry: string): ReadonlyMap<string, string> {
  const packages = new Map<string, string>()
  const seen = new Set<string>([entry])
  const queue = [entry]
  for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
    for (const { to, specifier, kind } of graph.get(path) ?? []) {
      if (kind === 'type') continue
      if (to === null) packages.set(specifier ?? '(computed)', path)
      else if (!seen.has(to)) {
        seen.add(to)
        queue.push(to)
      }
    }
  }
  return packages
}
