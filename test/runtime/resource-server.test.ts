import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Deployment, startDeployment } from '../support/deployment.ts'
import { guestOf } from '../support/guest.ts'
import { startWire, type Wire } from '../support/wire.ts'
import { lacks, spring, tool } from '../vectors/languages/run.ts'
import { environmentOf } from './identity-place.ts'

let wire: Wire
let gateway: Deployment
beforeAll(async () => {
  wire = await startWire()
  gateway = await startDeployment({ runtime: 'node', name: 'upstreams', environment: environmentOf(wire.port) })
}, 90_000)
afterAll(async () => {
  await gateway?.stop()
  await wire?.stop()
}, 30_000)

test('a Spring resource server configures itself from the issuer alone', async ({ skip }) => {
  const missing = await lacks(['javac', '-version'], ['mvn', '-version'])
  if (missing !== null && process.env['CI'] !== 'true') skip(`NOT TESTED HERE: ${missing} does not run on this machine`)
  const assertions: string[] = []
  wire.answer = (request, response) => {
    assertions.push(String(request.headers['postern-assertion']))
    response.end()
  }
  const player = await guestOf(gateway.gateway)
  await player.send(`${gateway.gateway}/plain/x`)
  const [good = ''] = assertions
  const [head, claims = '', signature] = good.split('.')
  const told = JSON.parse(Buffer.from(claims, 'base64url').toString())
  const forged = Buffer.from(JSON.stringify({ ...told, roles: ['admin'] })).toString('base64url')
  const { command, args } = await spring()
  const issuer = `${gateway.gateway}/auth`
  const said = await tool(command, [...args, issuer, good, `${head}.${forged}.${signature}`], '.')
  const [first, second] = said.split('\n')
  expect(first).toBe(`user ${told.sub} [plain]`)
  expect(second).toMatch(/^refused .*[Ss]ign/)
}, 300_000)
