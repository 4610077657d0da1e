/** How many changes of a user fit between two ends of all their sessions; who has more is taken for one whose sessions ended. */
export const ERA = 1_048_576

/**
 * Whether nothing ended all sessions of a user between two of their epochs. A change raises an epoch by one, an end of all
 * sessions raises it to the next multiple of `ERA`: so no end hides behind changes, however many there are.
 */
export function isSameEra(one: number, other: number): boolean {
  return Math.floor(one / ERA) === Math.floor(other / ERA)
}
