/** What moves a cursor, colors, hides or turns text round: nobody sees it, and everybody is shown something else. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu

/** Text of others on one line of a terminal: without what could move the cursor, color the line, or begin another one. */
export function visible(text: string): string {
  return text.replace(UNSEEN, '?')
}
