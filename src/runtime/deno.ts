import { run } from './process-server.ts'

// WHY: Deno's node:http server, undici and ws give the same answers as Node to the same transcript (ADR 0027).
await run('deno')
