import type { SecretSource } from '../../../src/config/secrets.ts'
import { playAsGuest } from '../../../src/login/guest.ts'
import type { Gateway } from '../../../src/ports/gateway.ts'
import type { Runtime } from '../../../src/ports/runtime.ts'
import { buildGateway, prepare } from '../../../src/runtime/build.ts'
import { compileFolder, importDefinition } from '../../../src/runtime/folder.ts'
import type { LineWriter } from '../../../src/runtime/line-writer.ts'
import { nodeUpstreams } from '../../../src/runtime/node-upstreams.ts'
import { processRuntime } from '../../../src/runtime/process.ts'
import { openStore } from '../../../src/runtime/process-store.ts'
import { askOf } from '../../support/ask.ts'
import { ask } from '../../support/http.ts'
import type { Running } from './place.ts'
import { ROOT } from './root.ts'

function sessionIn(lines: readonly string[]): string {
  const line = lines.find((one) => /^__Host-postern(-\d+)?=/.test(one))
  if (line === undefined) throw new Error('nobody was signed in')
  return line.split(';', 1)[0] ?? ''
}

/** Signs one guest in over HTTP, as a browser does; answers the cookie. */
export async function signIn({ port }: Running): Promise<string> {
  const origin = `http://localhost:${port}`
  const answer = await ask(`${origin}/auth/guest`, {
    method: 'POST',
    headers: { origin, 'content-type': 'application/x-www-form-urlencoded' },
    body: 'return_to=%2F',
  })
  return sessionIn(answer.headers.getSetCookie())
}

/** A gateway in this process. */
export interface House {
  readonly gateway: Gateway
  close(): Promise<void>
}

/** Opens the gateway that settings describe, in this process. */
export async function openHouse(
  settings: Readonly<Record<string, string>>,
  report: LineWriter['report'] = () => undefined,
  clocks: Partial<Pick<Runtime, 'now' | 'ticks'>> = {},
): Promise<House> {
  const source: SecretSource = (name) => settings[name]
  const definition = await importDefinition(ROOT)
  const prepared = prepare(definition, await compileFolder(ROOT, definition, source), source)
  const runtime = { ...processRuntime(report), ...clocks }
  const opened = await openStore(prepared.config, prepared.secrets, runtime)
  const upstream = nodeUpstreams(prepared.config)
  const { gateway } = await buildGateway(prepared, { store: opened.store, runtime, upstream })
  return {
    gateway,
    async close() {
      await upstream.close()
      await runtime.drain(5_000)
      await opened.close()
    },
  }
}

/** Signs many guests in, straight into the store that a gateway of these settings opens; answers their cookies. */
export async function signInMany(
  settings: Readonly<Record<string, string>>,
  count: number,
): Promise<readonly string[]> {
  const { gateway, close } = await openHouse(settings)
  const { config } = gateway
  const roomy: Gateway = { ...gateway, config: { ...config, limits: { ...config.limits, guestsPerHour: 1_000_000 } } }
  const cookies: string[] = []
  for (let made = 0; made < count; made += 64) {
    const some = Array.from({ length: Math.min(64, count - made) }, async () => {
      const answer = await playAsGuest(askOf({ host: config.host }), roomy, '/')
      return sessionIn(answer.headers.filter(([name]) => name === 'set-cookie').map(([, value]) => value))
    })
    cookies.push(...(await Promise.all(some)))
  }
  await close()
  return cookies
}
