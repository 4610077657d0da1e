import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { formsOf } from '../support/forms.ts'
import { guestOf } from '../support/guest.ts'
import { ask } from '../support/http.ts'
import type { Visitor } from '../support/visitor.ts'
import { type NativePlace, startNative, stopNative } from './native-clients.ts'

const PAGE = readFileSync('docs/native-clients.md', 'utf8')
const SAMPLE = '.postern/native-sample.mjs'

let place: NativePlace
let player: Visitor
beforeAll(async () => {
  place = await startNative('node')
  player = await guestOf(place.deployment.gateway)
}, 90_000)
afterAll(() => stopNative(place), 30_000)

/** The text here, for this gateway and its one client. */
function here(text: string): string {
  return text
    .replaceAll('https://play.example.com', place.deployment.gateway)
    .replaceAll(/lantern-tv|'launcher'/g, (name) => (name.startsWith("'") ? "'lantern'" : 'lantern'))
}

/** Does what a line of curl on the page says, with what was told in the place of its dots. */
async function curl(at: string, told: Readonly<Record<string, string>> = {}) {
  const lines = PAGE.replaceAll('\\\n', '').matchAll(/^curl (.*)$/gm)
  const [line] = [...lines].map(([, words = '']) => here(words)).filter((words) => words.endsWith(at))
  if (line === undefined) throw new Error(`no curl to ${at} on the page`)
  const fields = [...line.matchAll(/-d (\w+)=(\S+)/g)].map(([, name = '', value = '']) => [name, told[name] ?? value])
  const url = line.split(' ').at(-1) ?? ''
  return ask(url, { method: 'POST', body: new URLSearchParams(fields) })
}

async function allow(url: string): Promise<string> {
  const page = await player.visit(url)
  const form = formsOf(await page.response.text()).find(({ fields }) => fields.has('decision'))
  if (form === undefined) throw new Error(`nothing to decide at ${page.url}`)
  form.fields.set('decision', 'allow')
  const headers = { origin: place.deployment.gateway, 'sec-fetch-site': 'same-origin' }
  const done = await player.visit(new URL(form.action, page.url).href, { method: 'POST', body: form.fields, headers })
  return done.response.text()
}

test('the lines of curl on the page bring a device in and out', async () => {
  const device = (await (await curl('/device/code')).json()) as Record<string, string>
  await allow(device['verification_uri_complete'] ?? '')
  const token = await curl('/token', { device_code: device['device_code'] ?? '' })
  const { access_token } = (await token.json()) as Record<string, string>
  const me = () => ask(`${place.deployment.gateway}/wire/me`, { headers: { authorization: `Bearer ${access_token}` } })
  expect((await me()).status).toBe(200)
  expect((await curl('/revoke', { token: access_token ?? '' })).status).toBe(200)
  expect((await me()).status).toBe(401)
})

test('the program on the page gets a session', async () => {
  const [, program = ''] = /```js\n([\s\S]*?)```/.exec(PAGE) ?? []
  const lines = here(program)
    .replace('const options = {}', 'const options = { [oauth.allowInsecureRequests]: true }')
    .replace("spawn('xdg-open', [ask.href])", 'console.log(ask.href)')
  mkdirSync('.postern', { recursive: true })
  writeFileSync(SAMPLE, `${lines}\nconsole.log(access_token)\n`)
  const run = spawn(process.execPath, [SAMPLE], { stdio: ['ignore', 'pipe', 'inherit'] })
  try {
    let printed = ''
    for await (const chunk of run.stdout) {
      printed += String(chunk)
      const [, address] = /^(http\S+)\n$/.exec(printed) ?? []
      if (address === undefined) continue
      const html = await allow(address)
      await ask(/http-equiv="refresh" content="0;url=([^"]*)"/.exec(html)?.[1]?.replaceAll('&amp;', '&') ?? '')
    }
    expect(printed).toMatch(/\npss_\S+\n$/)
  } finally {
    run.kill()
    rmSync(SAMPLE)
  }
})
