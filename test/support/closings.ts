import type { Wire } from './wire.ts'

/** Key of the operator door of these deployments. */
export const CLOSINGS_KEY = Buffer.alloc(32, 7).toString('base64url')

/** What a deployment of `closings` is told, whatever its store. */
export function closingsEnvironment(wire: Pick<Wire, 'port'>): Readonly<Record<string, string>> {
  return {
    GAME_PORT: String(wire.port),
    POSTERN_OPERATOR_KEY: CLOSINGS_KEY,
    SCRAPER_TOKEN: 'scraper-token-value-1234567890',
  }
}
