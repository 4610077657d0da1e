import { isWithin } from '../../core/address.ts'
import { equalBytes, sha256, utf8 } from '../../core/bytes.ts'
import type { AskingProxy } from '../../ports/config.ts'
import type { Gateway } from '../../ports/gateway.ts'
import type { Arrival } from '../intake.ts'

/** The proxy a secret proves, from where it may call; all are compared, whatever the outcome, in constant time. */
export async function provenProxy(
  secret: string | null,
  { peer }: Arrival,
  { proxies }: Pick<Gateway, 'proxies'>,
): Promise<AskingProxy | null> {
  if (secret === null) return null
  const given = await sha256(utf8(secret))
  const proven = proxies.filter(({ digests }) => digests.filter((one) => equalBytes(one, given)).length > 0)
  const [only, second] = proven
  // WHY: two proxies of one secret cannot be told apart, and they do not speak alike.
  if (only === undefined || second !== undefined) return null
  const { addresses } = only.proxy
  // INVARIANT: an address only narrows; where the runtime does not know who is connected, nobody is the right one.
  const isThere = addresses.length === 0 || (typeof peer === 'string' && isWithin(peer, addresses))
  return isThere ? only.proxy : null
}
