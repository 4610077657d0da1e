import { mkdirSync, writeFileSync } from 'node:fs'
import { policyBench, type Row } from './policy.ts'
import { socketBench } from './sockets.ts'

/** Every bench by name; each answers the rows of its table. */
const BENCHES: Readonly<Record<string, () => Promise<readonly Row[]>>> = {
  policy: policyBench,
  sockets: socketBench,
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
  writeFileSync(`${FOLDER}/${name}.json`, `${JSON.stringify(rows, null, 2)}\n`)
}
