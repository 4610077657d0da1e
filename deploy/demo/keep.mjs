// Runs one program of the demo in a process group of its own, and ends the whole group when whoever started it is gone.
// WHY: a demo that is killed with -9 cannot say goodbye to its children; the end of this pipe can.
import { spawn } from 'node:child_process'

const [command, ...args] = process.argv.slice(2)
const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit'] })

// The group gets each signal from whoever ends it; this process must outlive the program to tell its exit code.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {})
child.on('error', (error) => {
  console.error(error.message)
  process.exit(1)
})
let orphaned = false
child.on('exit', (code) => {
  // An orphaned group may have members left that do not heed SIGTERM: then this process stays to end them.
  if (!orphaned) process.exit(code ?? 1)
})

process.stdin.resume()
process.stdin.on('close', () => {
  orphaned = true
  setTimeout(() => process.kill(-process.pid, 'SIGKILL'), 3000)
  process.kill(-process.pid, 'SIGTERM')
})
