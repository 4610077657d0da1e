import { expect, test } from 'vitest'
import {
  cutTickets,
  firstOffer,
  isProperOffer,
  offeredProtocols,
  protocolTickets,
  TICKET_PARAMETER,
  TICKET_PROTOCOL,
  ticketEcho,
  withoutTicketProtocols,
} from '../../src/core/ticket.ts'

test('cutTickets() takes a ticket out and leaves every other byte of the query', () => {
  expect(cutTickets(`/room?b=%20+&${TICKET_PARAMETER}=t&a=1&a=&=`)).toEqual({
    rawTarget: '/room?b=%20+&a=1&a=&=',
    tickets: ['t'],
  })
})

test('cutTickets() leaves no question mark behind where a ticket was the whole query', () => {
  expect(cutTickets('/room?postern_ticket=t')).toEqual({ rawTarget: '/room', tickets: ['t'] })
})

test('cutTickets() takes them all when there are several, and one without a value', () => {
  expect(cutTickets('/room?postern_ticket=t&x&postern_ticket=u&postern_ticket')).toEqual({
    rawTarget: '/room?x',
    tickets: ['t', 'u', ''],
  })
})

test('cutTickets() leaves names alone that only begin or end like it, and paths', () => {
  for (const raw of [
    '/room?postern_tickets=t',
    '/room?my_postern_ticket=t',
    '/postern_ticket=t',
    '/room?x=postern_ticket',
  ])
    expect(cutTickets(raw)).toEqual({ rawTarget: raw, tickets: [] })
})

test('protocolTickets() finds tickets among the offers', () => {
  expect(protocolTickets(`v1, ${TICKET_PROTOCOL}t ,v2`)).toEqual(['t'])
  expect(protocolTickets('v1, v2')).toEqual([])
  expect(protocolTickets(null)).toEqual([])
})

test('withoutTicketProtocols() keeps an offer without a ticket as it came, and the order of the others', () => {
  expect(withoutTicketProtocols('v1,v2')).toBe('v1,v2')
  expect(withoutTicketProtocols('v2, postern_ticket.t, v1')).toBe('v2, v1')
  expect(withoutTicketProtocols('postern_ticket.t')).toBeNull()
})

test('ticketEcho() answers only where tickets were all that was offered', () => {
  expect(ticketEcho('postern_ticket.t')).toBe('postern_ticket.t')
  expect(ticketEcho('v1, postern_ticket.t')).toBeNull()
  expect(ticketEcho(null)).toBeNull()
})

test('firstOffer() prefers an offer that is no ticket', () => {
  expect(firstOffer('postern_ticket.t, v1')).toBe('v1')
  expect(firstOffer('postern_ticket.t')).toBe('postern_ticket.t')
  expect(firstOffer(null)).toBeNull()
})

test('offeredProtocols() reads a list with blanks and gaps', () => {
  expect(offeredProtocols(' a ,, b')).toEqual(['a', 'b'])
})

test('isProperOffer() wants tokens, and each of them once', () => {
  expect(isProperOffer(null)).toBe(true)
  expect(isProperOffer('')).toBe(true)
  expect(isProperOffer('v1.game, V1.game,, postern_ticket.t')).toBe(true)
  expect(isProperOffer('v1.game,v1.game')).toBe(false)
  expect(isProperOffer('v1.game, v 2')).toBe(false)
  expect(isProperOffer('v1/game')).toBe(false)
})
