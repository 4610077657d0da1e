import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Browser, Waiting } from './support/browser.ts'
import { type House, openHouse } from './support/house.ts'

// A way to sign in is being added, and something comes between the start and the answer of the provider.

let house: House
let ada: Browser
let waiting: Waiting
beforeEach(async () => {
  house = await openHouse()
  ada = house.browser()
  await ada.signIn('guild', 'ada')
  waiting = ada.waitingAt('tavern', await ada.post('/auth/link/tavern'))
})
afterEach(() => house.close())

test('one that is done says so', async () => {
  expect((await ada.comeBack(waiting, 'ada-t')).location).toBe('/auth/account?saved=1')
  expect(await ada.identities()).toHaveLength(2)
})

test('one that took too long is not told as done', async () => {
  house.wait(600)
  expect((await ada.comeBack(waiting, 'ada-t')).location).toBe('/auth/account')
  expect(await ada.identities()).toHaveLength(1)
})

test('one that was refused is not told as done when its page is loaded again', async () => {
  await house.browser().signIn('tavern', 'bea-t')
  expect((await ada.comeBack(waiting, 'bea-t')).status).toBe(409)
  expect((await ada.comeBack(waiting, 'bea-t')).location).toBe('/auth/account')
  expect(await ada.identities()).toHaveLength(1)
})

test('one whose session is over begins again in the account, and speaks of no form', async () => {
  await ada.copy().post('/auth/sign-out')
  const page = await ada.comeBack(waiting, 'ada-t')
  expect(page.html).toContain('Your sign-in was interrupted')
  expect(page.html).toContain('You are not signed in.')
  expect(page.html).toContain('href="/auth/account"')
  expect(await house.bench.store.directory.find(house.ops.tavern.url, 'ada-t')).toBeNull()
})

test('nor does one that took too long, or is loaded again, lead to an account of its own', async () => {
  await ada.copy().post('/auth/sign-out')
  for (const seconds of [0, 0, 600]) {
    house.wait(seconds)
    const page = await ada.comeBack(waiting, 'ada-t')
    expect(page.html).toContain('href="/auth/account"')
    expect(page.html).not.toContain('/auth/start/tavern')
  }
})

test('nor does one that took too long while its session ended', async () => {
  await ada.copy().post('/auth/sign-out')
  house.wait(600)
  const page = await ada.comeBack(waiting, 'ada-t')
  expect(page.html).toContain('href="/auth/account"')
  expect(page.html).not.toContain('/auth/start/tavern')
})

test('one whose confirmation took too long leads back to the account, signed in or not', async () => {
  house.wait(301)
  const confirming = ada.waitingAt('guild', await ada.post('/auth/link/tavern'))
  house.wait(600)
  expect((await ada.comeBack(confirming, 'ada')).location).toBe('/auth/account')
  await ada.post('/auth/sign-out')
  expect((await ada.comeBack(confirming, 'ada')).html).toContain('/auth/start/guild?to=account')
})
