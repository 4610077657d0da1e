export type Judgement =
  | { readonly kind: 'run' }
  | { readonly kind: 'hand-over'; readonly node: string }
  | { readonly kind: 'stop'; readonly message: string }
export const NEEDED: readonly [number, number]
export function isNewEnough(version: string): boolean
export function ownNode(root: string): string | null
export function judge(root: string, version: string, packages: readonly string[]): Judgement
export function handOver(node: string, file: string, args: readonly string[]): void
