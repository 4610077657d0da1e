/** The eight groups of an IPv6 address, or the four bytes of an IPv4 one (mapped ones too); null when it is neither. */
export function addressParts(address: string): readonly number[] | null {
  const [, four] = /^(?:::ffff:)?(\d{1,3}(?:\.\d{1,3}){3})$/i.exec(address) ?? []
  if (four !== undefined) return withinBounds(four.split('.').map(Number), 4, 0xff)
  const plain = address.split('%', 1)[0] ?? ''
  if (!/^[0-9a-f:]{2,39}$/i.test(plain)) return null
  const [head = '', tail, ...more] = plain.split('::')
  if (more.length > 0) return null
  const groups = (text: string) => (text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16)))
  if (tail === undefined) return unmapped(withinBounds(groups(head), 8, 0xffff))
  const [before, after] = [groups(head), groups(tail)]
  const zeros = Array.from({ length: Math.max(0, 8 - before.length - after.length) }, () => 0)
  return unmapped(withinBounds([...before, ...zeros, ...after], 8, 0xffff))
}

/** The four bytes of an IPv4 address that stands mapped in hexadecimal groups; everything else as it is. */
function unmapped(groups: readonly number[] | null): readonly number[] | null {
  const isMapped = groups?.slice(0, 6).every((group, at) => group === (at === 5 ? 0xffff : 0)) === true
  return isMapped ? groups.slice(6).flatMap((group) => [group >> 8, group & 0xff]) : groups
}

function withinBounds(parts: readonly number[], length: number, most: number): readonly number[] | null {
  return parts.length === length && parts.every((part) => part >= 0 && part <= most) ? parts : null
}

/**
 * The network of an address, in one spelling however the address is written; null when it is no address.
 *
 * @param groups - how many groups of an IPv6 address name the network: 3 for /48, 4 for /64; IPv4 is always /24
 * @see CVE-2026-45364: a limit per spelling, or per address of a /64, is no limit
 */
export function networkOf(address: string, groups: 3 | 4): string | null {
  const parts = addressParts(address)
  if (parts === null) return null
  return parts.length === 4 ? `${parts.slice(0, 3).join('.')}.0/24` : prefixOf(parts, groups)
}

function prefixOf(parts: readonly number[], groups: 3 | 4): string {
  const network = parts.slice(0, groups).map((group) => group.toString(16))
  return `${network.join(':')}::/${groups * 16}`
}

/** Clients whose address nobody knows are counted together: so many times the limit of one is theirs. */
export const UNKNOWN_SHARE = 50

/**
 * Whom a limit per address counts an address to, and how many times the limit they have together: an IPv4 address is
 * one client, and so is a /64 of IPv6.
 *
 * @see CVE-2026-45364: a limit per spelling, or per address of a /64, is no limit
 */
export function countedAs(address: string | null): { readonly name: string; readonly share: number } {
  const parts = address === null ? null : addressParts(address)
  if (parts === null) return { name: 'unknown', share: UNKNOWN_SHARE }
  return { name: parts.length === 4 ? parts.join('.') : prefixOf(parts, 4), share: 1 }
}

/**
 * Whether an address is one of these, or lies in one of these networks, however it is spelt.
 *
 * @param networks - addresses and networks such as `10.0.0.0/8`, as the configuration checked them
 */
export function isWithin(address: string, networks: readonly string[]): boolean {
  if (networks.length === 0) return false
  const parts = addressParts(address)
  return parts !== null && networks.some((network) => isInside(parts, network))
}

/** Whether a text is an address, or a network such as `10.0.0.0/8`, that some address can lie in. */
export function isNetwork(text: string): boolean {
  const [, base = '', length] = /^([0-9a-f:.]+)(?:\/(\d{1,3}))?$/i.exec(text) ?? []
  const parts = addressParts(base)
  if (parts === null || length === undefined) return parts !== null
  // WHY: the length of a network of mapped addresses counts from 96, ours from 0.
  const isMapped = parts.length === 4 && base.includes(':')
  return !isMapped && Number(length) <= (parts.length === 4 ? 32 : 128)
}

function isInside(parts: readonly number[], network: string): boolean {
  const [base = '', length] = network.split('/')
  const wanted = addressParts(base)
  if (wanted === null || wanted.length !== parts.length) return false
  const unit = parts.length === 4 ? 8 : 16
  const bits = length === undefined ? unit * parts.length : Number(length)
  return wanted.every((part, index) => {
    const free = Math.max(0, unit - Math.max(0, bits - index * unit))
    return part >> free === (parts[index] ?? 0) >> free
  })
}

/**
 * The client a list of hops speaks for: the last one that is no trusted proxy, or the first of all when every one is;
 * null when there is none, or it is no address.
 */
export function clientOf(forwardedFor: string, trusted: readonly string[]): string | null {
  const hops = forwardedFor
    .split(',')
    .map((hop) => hop.trim())
    .filter((hop) => hop !== '')
  // WHY: counted from the right: every address left of the first untrusted one is the client's own claim.
  const client = hops.findLast((hop) => !isWithin(hop, trusted)) ?? hops[0] ?? null
  return client === null || addressParts(client) === null ? null : client
}

/**
 * Whether a hostname, as `URL` spells it, is this machine, whoever resolves it.
 *
 * WHY: no name below .localhost: not every resolver keeps those on this machine.
 * ATTACK: anchored at both ends: `localhost.attacker.example` and `127.0.0.1.nip.io` are other machines (CWE-625).
 */
export function isThisMachine(hostname: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(hostname)
}

/** Whether browsers take a hostname for this machine: names below .localhost too, which they never look up. */
export function isLocalToBrowsers(hostname: string): boolean {
  return isThisMachine(hostname) || /^.+\.localhost$/.test(hostname)
}
