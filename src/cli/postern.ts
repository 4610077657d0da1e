import { EXIT } from './io.ts'
import { run } from './main.ts'

let lost: string | null = null
// WHY: Node lets what cannot be written go without a word; a reader who has seen enough (EPIPE) loses nothing.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE' || lost !== null) return
  lost = error.message
  console.error(`standard output cannot be written: ${lost}; what was printed is not whole`)
  process.exitCode = EXIT.environment
})

const code = await run(process.argv.slice(2), {
  cwd: process.cwd(),
  env: process.env,
  reader: process.stdout.isTTY === true ? 'person' : 'program',
  out: (line) => console.log(line),
  err: (line) => console.error(line),
})
process.exitCode = lost === null ? code : EXIT.environment
