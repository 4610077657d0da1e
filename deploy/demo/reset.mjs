// biome-ignore-all lint/style/useNodejsImportProtocol: Node 12 and 14 do not know the prefix in modules.
import { existsSync } from 'fs'
import { dirname, join, resolve } from 'path'
import { fileURLToPath } from 'url'
import { handOver, judge } from './preflight.mjs'

const file = fileURLToPath(import.meta.url)
const root = join(dirname(file), '..', '..')
const judgement = judge(root, process.versions.node, [])

if (judgement.kind === 'stop') {
  console.error(`postern demo: ${judgement.message}`)
  process.exitCode = 3
} else if (judgement.kind === 'hand-over') {
  handOver(judgement.node, file, process.argv.slice(2))
} else {
  const state = resolve(root, process.env.DEMO_STATE || join('.demo', 'state'))
  const had = existsSync(state)
  import('./reset.ts')
    .then((it) => it.resetDemo(root, process.env))
    .then(() => console.log(had ? `postern demo: cleared ${state}` : 'postern demo: nothing to clear'))
    .catch((error) => {
      console.error(`postern demo: ${error.message}`)
      process.exitCode = 3
    })
}
