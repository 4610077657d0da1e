import { mkdirSync, writeFileSync } from 'node:fs'
import { policyBench } from './policy.ts'
import type { Row } from './row.ts'
import { sessionBench } from './sessions.ts'
import { socketBench } from './sockets.ts'
import { missesBench, rulesBench } from './speed/crowds.ts'
import { crowdBench, frontBench } from './speed/front.ts'
import { latencyBench } from './speed/latency.ts'
import { missingPrograms } from './speed/load.ts'
import { throughBench } from './speed/through.ts'

/** One bench: what it measures, and the programs it needs beside the project's own. */
interface Bench {
  readonly run: () => Promise<readonly Row[]>
  readonly needs: readonly string[]
}

const LOAD = ['setpriv', 'taskset', 'wrk']

/** Every bench by name; each answers the rows of its table. */
const BENCHES: Readonly<Record<string, Bench>> = {
  policy: { run: policyBench, needs: [] },
  memory: { run: sessionBench, needs: [] },
  sockets: { run: socketBench, needs: [] },
  front: { run: frontBench, needs: [] },
  node: { run: () => throughBench('node'), needs: LOAD },
  deno: { run: () => throughBench('deno'), needs: LOAD },
  workerd: { run: () => throughBench('workerd'), needs: LOAD },
  misses: { run: missesBench, needs: [...LOAD, 'redis-server'] },
  crowd: { run: crowdBench, needs: [] },
  rules: { run: rulesBench, needs: LOAD },
  'latency-node': { run: () => latencyBench('node'), needs: ['setpriv', 'taskset'] },
  'latency-deno': { run: () => latencyBench('deno'), needs: ['setpriv', 'taskset'] },
  'latency-workerd': { run: () => latencyBench('workerd'), needs: ['setpriv', 'taskset'] },
}
const FOLDER = '.postern/bench'

function refuse(message: string): never {
  console.error(message)
  process.exit(2)
}

const wanted = process.argv.slice(2)
const stranger = wanted.find((name) => BENCHES[name] === undefined)
if (stranger !== undefined) refuse(`no bench "${stranger}": there are ${Object.keys(BENCHES).join(', ')}`)
const chosen = Object.entries(BENCHES).filter(([name]) => wanted.length === 0 || wanted.includes(name))
const missing = missingPrograms(chosen.flatMap(([, { needs }]) => needs))
if (missing.length > 0) refuse(`these programs are not installed: ${missing.join(', ')}`)
mkdirSync(FOLDER, { recursive: true })
for (const [name, { run }] of chosen) {
  const rows = await run()
  console.log(`\n${name}`)
  console.table(
    rows.map(({ what, value, unit, goal, reached }) => ({ what, value, unit, goal, reached: reached ? 'yes' : 'NO' })),
  )
  // WHY: a bound that does not hold is a finding, not a figure.
  if (rows.some(({ reached }) => !reached)) process.exitCode = 1
  writeFileSync(`${FOLDER}/${name}.json`, `${JSON.stringify(rows, null, 2)}\n`)
}
