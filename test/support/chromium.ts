import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BrowserContext, chromium } from 'playwright-core'

const PLACES = [
  process.env['CHROMIUM'] ?? '',
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
]

/** Chromium of this machine; null where there is none. */
export function chromiumPath(): string | null {
  return PLACES.find((path) => path !== '' && existsSync(path)) ?? null
}

const QUIET = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** A browser with a fresh profile, and how to end it. */
export async function openBrowser(
  switches: readonly string[] = [],
): Promise<{ readonly context: BrowserContext; close(): Promise<void> }> {
  const path = chromiumPath()
  if (path === null)
    throw new Error('no Chromium on this machine: install the package chromium, or set CHROMIUM to its path')
  const profile = mkdtempSync(join(tmpdir(), 'postern-chromium-'))
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: path,
    headless: true,
    args: [...QUIET, ...switches],
    locale: 'en-GB',
  })
  return {
    context,
    async close() {
      await context.close()
      rmSync(profile, { recursive: true, force: true })
    },
  }
}
