/** Edits between two words: insert, delete, replace, swap of neighbours. */
function distance(a: string, b: string): number {
  let before: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1
      let best = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + cost)
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      if (swapped) best = Math.min(best, (before[j - 2] ?? 0) + 1)
      row.push(best)
    }
    before = last
    last = row
  }
  return last[b.length] ?? 0
}

/** Whether each part of a name in parts is near its own: `players.edit` is no slip of the pen for `players.view`. */
function isNearInParts(wanted: string, candidate: string): boolean {
  const [ours, theirs] = [wanted.split(/[.:]/), candidate.split(/[.:]/)]
  if (ours.length !== theirs.length) return true
  return ours.every((part, index) => distance(part, theirs[index] ?? '') <= reachOf(part))
}

/** How many slips of the pen a word of that length may have. */
function reachOf(word: string): number {
  return Math.max(1, Math.floor(word.length / 3))
}

/** The known word nearest to a mistyped one; null when none is near enough to be meant. */
export function nearest(word: string, known: Iterable<string>): string | null {
  const wanted = word.slice(0, 100).toLowerCase()
  const reach = reachOf(wanted)
  let best: string | null = null
  let least = reach + 1
  for (const candidate of known) {
    if (Math.abs(candidate.length - wanted.length) > reach) continue
    const edits = distance(wanted, candidate.toLowerCase())
    if (edits < least && isNearInParts(wanted, candidate.toLowerCase())) {
      least = edits
      best = candidate
    }
  }
  return best
}

/** The hint for an unknown word: the nearest one, else the known ones when they are few, else null. */
export function didYouMean(word: string, known: Iterable<string>): string | null {
  const all = [...known]
  const near = nearest(word, all)
  if (near !== null) return `did you mean "${near}"?`
  if (all.length === 0) return null
  return all.length <= 12 ? `known: ${all.join(', ')}` : null
}
