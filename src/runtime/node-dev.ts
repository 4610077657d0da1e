import process from 'node:process'
import { locally } from './local-definition.ts'
import { run } from './process-server.ts'

// WHY: a line to whoever started this, and no signal: it breaks when they end, however they end, and on every system.
process.once('disconnect', () => {
  if (!process.emit('SIGTERM', 'SIGTERM')) process.exit(0)
})

await run('node', (definition) => locally(definition, Number(process.env['PORT'])))
