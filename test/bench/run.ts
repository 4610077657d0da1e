import { mkdirSync, writeFileSync } from 'node:fs'
import { policyBench } from './policy.ts'
import type { Row } from './row.ts'
import { sessionBench } from './sessions.ts'
import { socketBench } from './sockets.ts'
import { frontBench } from './speed/front.ts'
import { throughBench } from './speed/through.ts'

/** Every bench by name; each answers the rows of its table. */
const BENCHES: Readonly<Record<string, () => Promise<readonly Row[]>>> = {
  policy: policyBench,
  sessions: sessionBench,
  sockets: socketBench,
  front: frontBench,
  node: () => throughBench('node'),
  deno: () => throughBench('deno'),
  workerd: () => throughBench('workerd'),
}
const FOLDER = '.postern/bench'

const wanted = process.argv.slice(2)
const stranger = wanted.find((name) => BENCHES[name] === undefined)
if (stranger !== undefined) {
  console.error(`no bench "${stranger}": there are ${Object.keys(BENCHES).join(', ')}`)
  process.exit(2)
}
mkdirSync(FOLDER, { recursive: true })
for (const [name, run] of Object.entries(BENCHES)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue
  const rows = await run()
  console.log(`\n${name}`)
  console.table(
    rows.map(({ what, value, unit, goal, reached }) => ({ what, value, unit, goal, reached: reached ? 'yes' : 'NO' })),
  )
  // WHY: a bound that does not hold is a finding, not a figure.
  if (rows.some(({ reached }) => !reached)) process.exitCode = 1
  writeFileSync(`${FOLDER}/${name}.json`, `${JSON.stringify(rows, null, 2)}\n`)
}
