import type { Proof } from './adapter.ts'
import { saysTrue } from './profile.ts'

function domainOf(email: string): string {
  return email.slice(email.lastIndexOf('@') + 1).toLowerCase()
}

function isOn(proof: Proof, list: string, allowed: readonly string[]): boolean {
  if (list === 'emailDomain') {
    const { email, emailVerified } = proof.profile
    return (
      email !== null && saysTrue(emailVerified) && allowed.some((domain) => domain.toLowerCase() === domainOf(email))
    )
  }
  // WHY: domains and GUIDs are the same in either case (RFC 4343, RFC 9562 section 4); ids of guilds and workspaces are not.
  const exact = list === 'guild' || list === 'workspace'
  const mine = (proof.groups[list] ?? []).map((value) => (exact ? value : value.toLowerCase()))
  return allowed.some((value) => mine.includes(exact ? value : value.toLowerCase()))
}

/**
 * The first list that does not let this person in; null when all do. Every list must admit; an empty one admits nobody.
 *
 * @see SPEC section 3: e-mail domain only when verified, Google hosted domain by the claim `hd` and never by the address
 */
export function refusingList(proof: Proof, lists: Readonly<Record<string, readonly string[]>>): string | null {
  for (const [list, allowed] of Object.entries(lists)) if (!isOn(proof, list, allowed)) return list
  return null
}
