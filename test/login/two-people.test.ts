import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Browser, Seen } from './support/browser.ts'
import { type House, openHouse } from './support/house.ts'

// A page of one person is still open in a tab when somebody else signs in in the same browser.

let house: House
let tab: Browser
let page: Seen
beforeEach(async () => {
  house = await openHouse()
  tab = house.browser()
  await tab.signIn('guild', 'ada')
  await house.browser().signIn('guild', 'bea')
})
afterEach(() => house.close())

/** Ada leaves her account page open, and Bea signs in in another tab. */
async function leaveOpen(): Promise<void> {
  page = await tab.visit('/auth/account')
  await tab.post('/auth/sign-out')
  await tab.signIn('guild', 'bea')
}

describe('a form of a page that was shown to somebody else', () => {
  test('starts no link: the account of whoever signed in since stays as it is', async () => {
    await leaveOpen()
    const refused = await tab.press(page, '/auth/link/tavern')
    expect(refused.status).toBe(409)
    expect(refused.html).toContain('PST427')
    expect(refused.html).toContain('Nothing was submitted')
    expect(refused.html).toContain('Another account was signed in in this browser')
    expect(refused.html).toContain('bea')
  })

  test('signs nobody out everywhere', async () => {
    await leaveOpen()
    expect((await tab.press(page, '/auth/sign-out/everywhere')).status).toBe(409)
    expect((await tab.session())?.user.name).toBe('bea')
  })

  test('ends no device of the other one, and says so instead of "not found"', async () => {
    await house.browser().signIn('guild', 'ada')
    await leaveOpen()
    expect((await tab.press(page, '/auth/devices/end-others')).status).toBe(409)
    expect((await tab.press(page, '/auth/devices/end?')).status).toBe(409)
    const devices = await tab.send('/auth/account/sessions', { headers: { accept: 'application/json' } })
    expect((JSON.parse(devices.html) as { readonly sessions: unknown[] }).sessions).toHaveLength(2)
  })

  test('still signs this device out: whoever presses that wants nobody to be signed in here', async () => {
    await leaveOpen()
    expect((await tab.press(page, '/auth/sign-out')).location).toContain('/auth/signed-out')
    expect(await tab.session()).toBeNull()
  })

  test('is taken once its own person is back', async () => {
    await leaveOpen()
    await tab.signIn('guild', 'ada')
    expect((await tab.press(page, '/auth/sign-out/everywhere')).status).toBe(303)
    expect(await tab.session()).toBeNull()
  })

  test('a form without a name of its person is taken, as the pages of games send it', async () => {
    await tab.visit('/auth/account')
    expect((await tab.post('/auth/sign-out/everywhere')).status).toBe(303)
  })
})

// A proxy in front may send a form on in chunks, without a length; a script may send the same fields in another form.
describe('a form of a page that was shown to somebody else, however it is sent', () => {
  const FORM = 'application/x-www-form-urlencoded'
  const PATHS = [
    '/auth/sign-out/everywhere',
    '/auth/devices/end-others',
    '/auth/link/tavern',
    '/auth/unlink?provider=guild',
  ]
  const send = (path: string, type: string, body: string) => {
    const headers = { origin: 'https://play.example.com', 'sec-fetch-site': 'same-origin', 'content-type': type }
    return tab.send(path, { method: 'POST', headers, body })
  }
  const named = async () => {
    await leaveOpen()
    const [, account = ''] = /name="account" value="([^"]+)"/.exec(page.html) ?? []
    return account
  }

  test.each(PATHS)('%s: without a length it does nothing and says so', async (path) => {
    const sent = await send(path, FORM, `account=${await named()}`)
    expect(sent.status).toBe(409)
    expect(JSON.parse(sent.html)).toMatchObject({ code: 'other_account' })
    expect((await tab.session())?.user.name).toBe('bea')
  })

  test.each(PATHS)(
    '%s: what is no form, or too large a one, is refused and not taken for an empty one',
    async (path) => {
      const account = await named()
      const parts = `--x\r\ncontent-disposition: form-data; name="account"\r\n\r\n${account}\r\n--x--\r\n`
      const multipart = await send(path, 'multipart/form-data; boundary=x', parts)
      expect([multipart.status, multipart.html]).toEqual([400, expect.stringContaining('bad_body')])
      const large = await send(path, FORM, `x=${'x'.repeat(16_384)}&account=${account}`)
      expect([large.status, large.html]).toEqual([413, expect.stringContaining('body_too_large')])
      expect((await tab.session())?.user.name).toBe('bea')
    },
  )

  test('whoever is meant may leave the body out, or send the form in any case of its type', async () => {
    expect((await send('/auth/devices/end-others', '', '')).status).toBe(200)
    const { user } = (await tab.session()) ?? {}
    const type = 'Application/X-WWW-Form-Urlencoded; charset=utf-8'
    expect((await send('/auth/devices/end-others', type, `account=${user?.id}`)).status).toBe(200)
  })

  test('still signs this device out', async () => {
    await leaveOpen()
    expect((await send('/auth/sign-out', 'application/json', '{}')).status).toBe(200)
    expect(await tab.session()).toBeNull()
  })
})

describe('somebody else who signs in in the browser of whoever is signed in', () => {
  const signedInAsAda = async (): Promise<Browser> => {
    const shared = house.browser()
    await shared.signIn('guild', 'ada')
    return shared
  }

  test('takes their place', async () => {
    const shared = await signedInAsAda()
    const before = shared.copy()
    await shared.signIn('guild', 'bea')
    expect((await shared.session())?.user.name).toBe('bea')
    expect(await before.session()).toBeNull()
  })

  test('and is not let in, as all their devices are in use, signs nobody out', async () => {
    await house.close()
    house = await openHouse({ session: { excess: 'refuse' } })
    for (const _ of ['phone', 'laptop']) await house.browser().signIn('guild', 'bea')
    const shared = await signedInAsAda()
    expect((await shared.signIn('guild', 'bea')).status).toBe(409)
    expect((await shared.session())?.user.name).toBe('ada')
  })
})
