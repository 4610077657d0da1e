import { afterEach, beforeEach, expect, test } from 'vitest'
import { createApp } from '../../src/app.ts'
import { networkOf } from '../../src/core/address.ts'
import type { Workbench } from '../support/gateway.ts'
import { gameBench } from './support/bench.ts'

let bench: Workbench
beforeEach(async () => {
  bench = await gameBench()
})
afterEach(() => bench.close())

async function guestFrom(address: string): Promise<number> {
  const headers = { host: 'play.example.com', origin: 'https://play.example.com', accept: 'application/json' }
  const request = new Request('https://play.example.com/auth/guest', { method: 'POST', headers })
  const arrival = { requestId: 'request-1', rawTarget: '/auth/guest', address, country: null }
  const answer = await createApp(bench.gateway.config).fetch(request, { gateway: bench.gateway, arrival })
  return answer.status
}

test('one /64 does not make guests without end by changing its address (CVE-2026-45364)', async () => {
  const answers: number[] = []
  for (let host = 1; host <= 25; host++) answers.push(await guestFrom(`2001:db8::${host.toString(16)}:0:0:1`))
  expect(answers.slice(0, 20)).toEqual(Array.from({ length: 20 }, () => 200))
  expect(answers.slice(20)).toEqual([429, 429, 429, 429, 429])
  expect(networkOf('2001:db8::1:0:0:1', 4)).toBe(networkOf('2001:db8:0:0::9', 4))
})
