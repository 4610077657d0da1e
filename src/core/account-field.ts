import type { User } from './person.ts'

/** The field by which a form of ours says for whose account its page was shown. */
export const ACCOUNT_FIELD = 'account'

/**
 * Whether a form comes from a page of somebody else's account: one that is still open in a tab while its sender signed in
 * in another one. Forms that name nobody, as games send them, are their sender's.
 */
export function isOfAnother(form: URLSearchParams, { id }: Pick<User, 'id'>): boolean {
  return form.getAll(ACCOUNT_FIELD).some((account) => account !== id)
}
