import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { isJson } from '../../src/pipeline/json-members.ts'
import { askFromIncoming } from '../../src/runtime/node-intake.ts'
import { type Workbench, workbench } from '../support/gateway.ts'
import { headOf } from '../support/raw.ts'

// CWE-436: of two lines Node keeps the first, and a service may read the last one. The same bytes are JSON to whoever judges
// them and a form to whoever obeys: {"action":"look","x":"&action=remove&"}. test/runtime/limits.test.ts asks whole deployments.

const FORM = 'Content-Type: application/x-www-form-urlencoded'
const JSON_LINE = 'Content-Type: application/json'
let bench: Workbench
beforeEach(async () => {
  bench = await workbench({
    'roles.yaml': 'users: { defaultRole: player }\npermissions: []\nroles: { player: { level: 1, permissions: [] } }\n',
  })
})
afterEach(() => bench.close())

/** The media type the raw front judges a request with these lines by. */
async function judgedBy(...lines: readonly string[]): Promise<string | null> {
  let type: string | null = 'never asked'
  const server = createServer((incoming, outgoing) => {
    const arrival = { requestId: 'request', rawTarget: '/', address: null, country: null }
    const asked = askFromIncoming(incoming, arrival, bench.gateway.config)
    if (asked.ok) type = asked.value.contentType
    outgoing.end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  await headOf((server.address() as AddressInfo).port, ['POST / HTTP/1.1', 'Host: play.example.com', ...lines])
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
  return type
}

test.each([
  ['a form behind JSON', [JSON_LINE, FORM]],
  ['JSON behind a form', [FORM, JSON_LINE]],
  ['JSON twice', [JSON_LINE, JSON_LINE]],
  ['names in any case', ['content-type: application/json', 'CONTENT-TYPE: text/plain']],
  ['a form behind JSON, beside two credentials', [JSON_LINE, 'Authorization: a', 'Authorization: b', FORM]],
])('%s is no JSON to a rule that looks into bodies', async (_, lines) => {
  const type = await judgedBy(...lines)
  expect(type).toContain(',')
  expect(isJson(type)).toBe(false)
})

test('one line is judged as it stands', async () => {
  expect(await judgedBy(JSON_LINE)).toBe('application/json')
  expect(await judgedBy()).toBeNull()
})
