import { expect, test } from 'vitest'
import { chooseAccount, lastMethod } from '../../src/pages/linking.ts'
import { frameOf } from './samples.ts'

const frame = frameOf('en')

test('chooseAccount() offers both accounts as forms that post', () => {
  const page = chooseAccount(frame, {
    provider: 'Google',
    existing: { name: 'Mira', action: '/auth/choose/existing' },
    guestKeptUntil: null,
    stayAction: '/auth/choose/guest',
  })
  expect(page.status).toBe(409)
  expect(page.html).toContain('method="post" action="/auth/choose/existing"')
  expect(page.html).toContain('method="post" action="/auth/choose/guest"')
  expect(page.html).not.toContain('It is kept until')
})

test('lastMethod() names the way that stays', () => {
  const page = lastMethod(frame, { provider: 'Discord', accountUrl: '/auth/account' })
  expect(page.html).toContain('Without <bdi>Discord</bdi> you could not come back.')
})
