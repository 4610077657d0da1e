import { run } from './main.ts'

process.exitCode = await run(process.argv.slice(2), {
  cwd: process.cwd(),
  env: process.env,
  reader: process.stdout.isTTY === true ? 'person' : 'program',
  out: (line) => console.log(line),
  err: (line) => console.error(line),
})
