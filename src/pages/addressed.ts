import { raw } from 'hono/html'
import { ACCOUNT_FIELD } from '../core/account-field.ts'
import { type Markup, markup } from './markup.ts'
import { hiddenFields } from './parts.ts'

/**
 * The same markup, whose forms that change something name the account they were shown to.
 *
 * @param account - the user id; null: nobody is known to look
 *
 * ATTACK: a page stays open in a tab while somebody else signs in in another one; its buttons must not act for them.
 * INVARIANT: a `<form` in finished markup is one of ours: what others wrote is escaped.
 */
export function addressed(piece: Markup, account: string | null): Markup {
  if (account === null) return piece
  const field = markup`${hiddenFields({ [ACCOUNT_FIELD]: account })}`.toString()
  return markup`${raw(piece.toString().replace(/<form [^>]*method="post"[^>]*>/g, (form) => form + field))}`
}
