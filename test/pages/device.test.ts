import { expect, test } from 'vitest'
import { consent, deviceCode, deviceConfirm } from '../../src/pages/device.ts'
import { frameOf } from './samples.ts'

const frame = frameOf('en')

test('deviceCode() takes the code of the link and lets the player correct it', () => {
  const html = deviceCode(frame, { action: '/auth/device', code: 'WDJB-MJHT', problem: 'none' }).html
  expect(html).toContain('value="WDJB-MJHT"')
  expect(html).not.toContain('readonly')
})

test('deviceCode() ties the problem to the field', () => {
  const page = deviceCode(frame, { action: '/auth/device', code: 'WRONG', problem: 'unknown' })
  expect(page.status).toBe(400)
  expect(page.html).toContain('aria-invalid="true" aria-describedby="hint problem"')
  expect(page.html).toContain('id="problem" role="alert"')
})

test('deviceConfirm() spells the code for ears and groups it for eyes', () => {
  const html = deviceConfirm(frame, {
    action: '/auth/device',
    code: 'WDJB-MJHT',
    client: 'Lantern for TV',
    place: null,
  }).html
  expect(html).toContain('<code aria-hidden="true">WDJB-MJHT</code><span class="hush">W D J B , M J H T</span>')
})

test('deviceConfirm() sends the code with either decision', () => {
  const html = deviceConfirm(frame, {
    action: '/auth/device',
    code: 'WDJB-MJHT',
    client: 'Lantern for TV',
    place: null,
  }).html
  expect(html).toContain('type="hidden" name="user_code" value="WDJB-MJHT"')
  expect(html).toContain('name="decision" value="allow"')
  expect(html).toContain('name="decision" value="refuse"')
})

test('deviceConfirm() says roughly where the device is, if that is known', () => {
  const props = { action: '/auth/device', code: 'WDJB-MJHT', client: 'Lantern for TV' }
  expect(deviceConfirm(frame, { ...props, place: '203.0.113.0/24' }).html).toContain('203.0.113.0/24')
  expect(deviceConfirm(frame, { ...props, place: null }).html).not.toContain('Asked from')
})

test('consent() names the program, warns, and sends what is decided about', () => {
  const { html } = consent(frame, { action: '/auth/authorize', request: 'r1', client: 'Lantern <Launcher>' })
  expect(html).toContain('Lantern &lt;Launcher&gt;')
  expect(html).toContain('Only allow it if you started this yourself')
  expect(html).toContain('type="hidden" name="request" value="r1"')
  expect(html).toContain('name="decision" value="refuse"')
})
