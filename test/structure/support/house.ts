/** Files of a tree by path from its root, with `/`; the value is the text. */
export type FileMap = ReadonlyMap<string, string>

/** One thing about a tree that is not as the house wants it. */
export interface Finding {
  /** `path:line` or the path alone. */
  readonly at: string
  readonly problem: string
}

/** A part of `src` that is imported as one thing, with its rank in docs/architecture.md. */
export interface Room {
  readonly name: string
  readonly rank: number
  /** Packages it may import besides its own files. */
  readonly libraries: readonly string[]
}

/** Ranks: an import points to a lower rank or stays in its room. */
export const RANKS: Readonly<Record<string, number>> = {
  core: 0,
  policy: 1,
  ports: 2,
  session: 3,
  identity: 3,
  pages: 3,
  config: 3,
  adapters: 3,
  verify: 3,
  pipeline: 4,
  login: 4,
  admin: 4,
  'app.ts': 5,
  runtime: 6,
  cli: 7,
}

/** One library, one room. `*`: whatever the rim needs. */
export const LIBRARIES: Readonly<Record<string, readonly string[]>> = {
  policy: ['yaml', 'zod', '@marcbachmann/cel-js'],
  pages: ['hono/html'],
  'adapters/jose': ['jose'],
  'adapters/oauth': ['oauth4webapi', 'jose', '@hono/oauth-providers', 'hono'],
  'adapters/redis': ['redis', '@upstash/redis'],
  verify: ['jose'],
  'app.ts': ['hono'],
  runtime: ['*'],
  cli: ['*'],
}

/** Lowest rank of the rim: only runtime and cli may touch the world; cli may start what runtime builds. */
export const RIM = 6

/** The room of a file below `src`; null when it is in none. */
export function roomOf(path: string): Room | null {
  const [top, first = '', second = '', third] = path.split('/')
  if (top !== 'src') return null
  const rank = RANKS[first]
  if (rank === undefined) return null
  const isShelf = first === 'adapters' && third !== undefined
  const name = isShelf ? `adapters/${second}` : first
  const opensRoutes = rank === 4 && /(?:^|[/-])routes\.ts$/.test(path)
  return { name, rank, libraries: [...(LIBRARIES[name] ?? []), ...(opensRoutes ? ['hono'] : [])] }
}
