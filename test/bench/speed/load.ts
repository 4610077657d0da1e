import { spawn, spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { LOAD_CORE } from './target.ts'

/** What a browser sends with each call of a page, beside its cookies. */
export function browserHeaders(port: number): Readonly<Record<string, string>> {
  return {
    Host: `localhost:${port}`,
    Connection: 'keep-alive',
    'sec-ch-ua': '"Chromium";v="156", "Not.A/Brand";v="24"',
    'sec-ch-ua-mobile': '?0',
    'User-Agent':
      'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36',
    'sec-ch-ua-platform': '"Linux"',
    Accept: 'application/json, text/plain, */*',
    'Sec-Fetch-Site': 'same-origin',
    'Sec-Fetch-Mode': 'cors',
    'Sec-Fetch-Dest': 'empty',
    Referer: `http://localhost:${port}/play`,
    'Accept-Encoding': 'gzip, deflate, br, zstd',
    'Accept-Language': 'en-US,en;q=0.9',
  }
}

/** Load on one target: the same request again and again, or the cookies of many in turn. */
export interface Load {
  readonly port: number
  readonly path: string
  readonly cookies: readonly string[]
}

/** What one stretch of load did. */
export interface Shot {
  readonly requests: number
  readonly seconds: number
  readonly errors: number
}

const CONNECTIONS = 32

const DONE = `
function done(summary)
  local e = summary.errors
  io.write(string.format('{"requests":%d,"seconds":%f,"errors":%d}\\n', summary.requests, summary.duration / 1e6,
    e.connect + e.read + e.write + e.status + e.timeout))
end
`

function lua(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
}

/** Writes the script for wrk; many cookies are read from a file beside it and made into requests before the load begins. */
export function writeLoad(folder: string, name: string, { port, path, cookies }: Load): string {
  const headers = Object.entries(browserHeaders(port)).map(([key, value]) => `wrk.headers[${lua(key)}] = ${lua(value)}`)
  const [first = ''] = cookies
  const list = join(folder, `${name}.cookies`)
  writeFileSync(list, cookies.join('\n'))
  const many = `
local all, at = {}, 0
function init(args)
  for line in io.lines(${lua(list)}) do
    wrk.headers["Cookie"] = line
    all[#all + 1] = wrk.format("GET", ${lua(path)})
  end
end
function request()
  at = at + 1
  if at > #all then at = 1 end
  return all[at]
end
`
  const one = `wrk.path = ${lua(path)}\nwrk.headers["Cookie"] = ${lua(first)}\n`
  const script = join(folder, `${name}.lua`)
  writeFileSync(script, `${headers.join('\n')}\n${cookies.length > 1 ? many : one}${DONE}`)
  return script
}

/** Puts load on a target for some seconds. */
export function fire(port: number, script: string, seconds: number): Promise<Shot> {
  const args = [
    '-c',
    LOAD_CORE,
    'wrk',
    '-t1',
    `-c${CONNECTIONS}`,
    `-d${seconds}s`,
    '-s',
    script,
    `http://127.0.0.1:${port}/`,
  ]
  return new Promise((resolve, reject) => {
    const child = spawn('taskset', args, { stdio: ['ignore', 'pipe', 'pipe'] })
    let printed = ''
    child.stdout.on('data', (chunk) => (printed += chunk))
    child.stderr.on('data', (chunk) => (printed += chunk))
    child.once('error', reject)
    child.once('exit', () => {
      const line = printed.split('\n').find((candidate) => candidate.startsWith('{'))
      if (line === undefined) reject(new Error(`wrk said nothing that can be read\n${printed}`))
      else resolve(JSON.parse(line) as Shot)
    })
  })
}

/** Those of the programs that are not installed; each with what brings it. */
export function missingPrograms(needed: readonly string[]): readonly string[] {
  const where: Readonly<Record<string, string>> = {
    taskset: 'package util-linux',
    setpriv: 'package util-linux',
    wrk: 'package wrk',
    'redis-server': 'package redis-server',
  }
  return [...new Set(needed)]
    .filter((name) => spawnSync('sh', ['-c', `command -v ${name}`]).status !== 0)
    .map((name) => `${name} (${where[name] ?? 'unknown'})`)
}
