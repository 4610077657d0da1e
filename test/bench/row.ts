/** One row of the table: what was measured, and the goal it is held against. */
export interface Row {
  readonly what: string
  readonly value: number
  readonly unit: string
  readonly goal: string
  readonly reached: boolean
}
