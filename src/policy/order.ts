/** Order of two texts by their code units: the same on every runtime and in every language (bundle hashes depend on it). */
export function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
