/** The query parameter that carries a one-time ticket. */
export const TICKET_PARAMETER = 'postern_ticket'

/** What a subprotocol that carries a ticket begins with. */
export const TICKET_PROTOCOL = 'postern_ticket.'

/** @see RFC 9110 section 5.6.2 */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/

/** A request target without its tickets, and the tickets. */
export interface CutTarget {
  readonly rawTarget: string
  readonly tickets: readonly string[]
}

/**
 * Cuts tickets out of a raw request target by bytes: every other byte of the query stays as it came.
 *
 * @param rawTarget - path and query as they stood on the request line
 */
export function cutTickets(rawTarget: string): CutTarget {
  if (!rawTarget.includes(TICKET_PARAMETER)) return { rawTarget, tickets: [] }
  const mark = rawTarget.indexOf('?')
  const parts = mark === -1 ? [] : rawTarget.slice(mark + 1).split('&')
  const tickets = parts.filter(isTicketPart)
  if (tickets.length === 0) return { rawTarget, tickets: [] }
  const rest = parts.filter((part) => !isTicketPart(part))
  const query = rest.length === 0 ? '' : `?${rest.join('&')}`
  return {
    rawTarget: `${rawTarget.slice(0, mark)}${query}`,
    tickets: tickets.map((part) => part.slice(TICKET_PARAMETER.length + 1)),
  }
}

function isTicketPart(part: string): boolean {
  return part === TICKET_PARAMETER || part.startsWith(`${TICKET_PARAMETER}=`)
}

/** The subprotocols a client offers, in order. */
export function offeredProtocols(header: string | null): readonly string[] {
  if (header === null) return []
  return header
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '')
}

/**
 * Whether the offers of a handshake are tokens and no two of them the same: a service, or the client it is asked by, would
 * refuse the whole handshake, which would look like a mistake of the service.
 *
 * @see RFC 6455 section 4.1, item 10 of the client's requirements
 */
export function isProperOffer(header: string | null): boolean {
  const offers = offeredProtocols(header)
  return offers.every((offer) => TOKEN.test(offer)) && new Set(offers).size === offers.length
}

function isTicketProtocol(offer: string): boolean {
  return offer.startsWith(TICKET_PROTOCOL)
}

/** The tickets among the subprotocols a client offers. */
export function protocolTickets(header: string | null): readonly string[] {
  if (header === null || !header.includes(TICKET_PROTOCOL)) return []
  return offeredProtocols(header)
    .filter(isTicketProtocol)
    .map((offer) => offer.slice(TICKET_PROTOCOL.length))
}

/** The offer an upstream may see: as it came without a ticket in it; null when nothing else was offered. */
export function withoutTicketProtocols(header: string): string | null {
  if (!header.includes(TICKET_PROTOCOL)) return header
  const rest = offeredProtocols(header).filter((offer) => !isTicketProtocol(offer))
  return rest.length === 0 ? null : rest.join(', ')
}

/**
 * The subprotocol a client is answered with where the upstream chose none: null, unless tickets were all it offered.
 * Browsers break a socket whose offer nobody took (WHATWG WebSockets, "establish a WebSocket connection").
 */
export function ticketEcho(header: string | null): string | null {
  const offers = offeredProtocols(header)
  return offers.length > 0 && offers.every(isTicketProtocol) ? (offers[0] ?? null) : null
}

/** The subprotocol a socket is accepted with that is closed at once: the first offer that is no ticket, if there is one. */
export function firstOffer(header: string | null): string | null {
  const offers = offeredProtocols(header)
  return offers.find((offer) => !isTicketProtocol(offer)) ?? offers[0] ?? null
}
