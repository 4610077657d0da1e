import type { Page } from 'playwright-core'
import { expect } from 'vitest'

/** The whole tour of a player, from a signed-out visit to signing out, in a real browser. */
export async function tour(page: Page, gateway: string, picture: (name: string) => Promise<unknown>): Promise<void> {
  await page.goto(`${gateway}/play`)
  expect(new URL(page.url()).pathname).toBe('/auth/sign-in')
  await picture('1-chooser')
  await page.getByRole('link', { name: 'Google' }).click()
  expect(new URL(page.url()).hostname).toBe('127.0.0.1')
  await page.getByText('ada@players.example').first().click()
  await page.waitForURL(`${gateway}/play`)
  await page.locator('#who-name', { hasText: 'Ada Lindgren' }).waitFor()
  expect(await page.locator('#who-role').textContent()).toMatch(/padawan/i)
  await picture('2-play')
  await page.locator('#join').click()
  await page
    .locator('#room-state[data-state="joined"], #room-state:has-text("joined"), #room-state:has-text("arena")')
    .first()
    .waitFor()
  await page.locator('#chat-input').fill('hello from the gallery')
  await page.locator('#chat-send').click()
  await page.locator('#chat-log', { hasText: 'hello from the gallery' }).waitFor()
  await picture('3-room')
  await page.locator('#sign-out').click()
  await page.waitForURL(`${gateway}/auth/signed-out?at=google`)
  await picture('4-signed-out')
  await page.goto(`${gateway}/play`)
  expect(new URL(page.url()).pathname).toBe('/auth/sign-in')
}
