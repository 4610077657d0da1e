import { run } from './process-server.ts'

await run('node')
