/** A record the game keeps about a player; nothing of it comes from the gateway. */
export interface Entry {
  readonly id: string
  readonly name: string
  readonly level: number
  readonly motto: string
}

/** The game's list of players, in memory: the game's own business, gone with its process. */
export interface Roster {
  list(): readonly Entry[]
  find(id: string): Entry | null
  change(id: string, patch: Readonly<Record<string, unknown>>): Entry | null
  remove(id: string): boolean
}

const START: readonly Entry[] = [
  { id: '1', name: 'Thistle', level: 4, motto: 'Slow is smooth.' },
  { id: '2', name: 'Brightaxe', level: 11, motto: 'Ask me later.' },
  { id: '3', name: 'Quillon', level: 7, motto: 'Guard up.' },
]

/** A roster with three players in it. */
export function newRoster(): Roster {
  const entries = new Map(START.map((entry) => [entry.id, entry]))
  return {
    list: () => [...entries.values()],
    find: (id) => entries.get(id) ?? null,
    change(id, patch) {
      const entry = entries.get(id)
      if (entry === undefined) return null
      const { name, level, motto } = { ...entry, ...patch }
      const changed = {
        id,
        name: String(name).slice(0, 40),
        level: Math.trunc(Number(level)) || 0,
        motto: String(motto).slice(0, 80),
      }
      entries.set(id, changed)
      return changed
    },
    remove: (id) => entries.delete(id),
  }
}
