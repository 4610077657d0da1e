import { canonicalTarget, type Target } from '../core/target.ts'

/** Without the parameters of segments, as servlet containers read a path; segments that were nothing else are gone. */
function withoutParameters(path: string): string {
  return path.replace(/(?:;|%3B)[^/]*/g, '')
}

function parted(path: string): string {
  return path.replaceAll('%2F', '/')
}

/**
 * What else a service may read in a path that has a form rules can allow: `/admin` in `/admin;x`, `/a/b` in `/a%2Fb`.
 *
 * @returns none for a path without such a form; null in the place of a reading that is no path
 */
export function otherReadings({ path, query, forms }: Target): readonly (Target | null)[] {
  const spelled: string[] = []
  if (forms.includes(';')) spelled.push(withoutParameters(path))
  if (forms.includes('%2F')) spelled.push(parted(path))
  if (forms.length > 1) spelled.push(withoutParameters(parted(path)))
  return spelled.map((one) => {
    const read = canonicalTarget(`${one.replace(/\/{2,}/g, '/')}${query}`)
    return read.ok ? read.value : null
  })
}
