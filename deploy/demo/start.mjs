// biome-ignore-all lint/style/useNodejsImportProtocol: Node 12 and 14 do not know the prefix in modules.
import { dirname, join } from 'path'
import { fileURLToPath } from 'url'
import { handOver, judge } from './preflight.mjs'

const file = fileURLToPath(import.meta.url)
const root = join(dirname(file), '..', '..')
const judgement = judge(root, process.versions.node, ['wrangler', 'emulate', '@colyseus/core', 'jose', 'hono'])

if (judgement.kind === 'stop') {
  console.error(`postern demo: ${judgement.message}`)
  process.exitCode = 3
} else if (judgement.kind === 'hand-over') {
  handOver(judgement.node, file, process.argv.slice(2))
} else {
  import('./run.ts')
    .then((demo) => demo.runDemo(root, process.env))
    .catch((error) => {
      console.error(`postern demo: ${error.plain === true ? error.message : error.stack}`)
      process.exit(error.plain === true ? 3 : 1)
    })
}
