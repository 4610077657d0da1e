import { setTimeout as pause } from 'node:timers/promises'
import type { Addresses } from './addresses.ts'

const ATTEMPT_MS = 2000
const BETWEEN_MS = 150

/** What must answer 200 before the demo is announced. */
export function readinessUrls(
  addresses: Addresses,
): Readonly<Record<'gateway' | 'game' | 'providers', readonly string[]>> {
  const { google, apple, slack, microsoft, github, discord } = addresses.providers
  const openid = [google, apple, slack, microsoft].map((base) => `${base}/.well-known/openid-configuration`)
  return {
    gateway: [`${addresses.gateway}/auth/readyz`, `${addresses.gateway}/.well-known/jwks.json`],
    game: [`${addresses.upstream}/__healthcheck`],
    providers: [...openid, `${github}/versions`, `${discord}/_demo/ready`],
  }
}

async function answers(url: string): Promise<string | null> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(ATTEMPT_MS), redirect: 'manual' })
    await response.body?.cancel()
    return response.status === 200 ? null : `answers ${response.status}`
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

/**
 * Asks until every address answers 200.
 *
 * @returns null when all do; else the first that does not, and what it said last
 */
export async function untilReady(
  urls: readonly string[],
  withinMs: number,
  signal: AbortSignal,
): Promise<string | null> {
  const until = Date.now() + withinMs
  for (const url of urls) {
    for (let problem = await answers(url); problem !== null; problem = await answers(url)) {
      if (signal.aborted || Date.now() > until) return `${url} ${problem}`
      await pause(BETWEEN_MS)
    }
  }
  return null
}
