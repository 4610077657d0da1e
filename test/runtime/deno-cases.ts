// Runs a list of cases on Deno, which has no vitest; the last line says how many passed and failed.
import process from 'node:process'
import { MESSAGE_CASES } from '../identity/rfc9421-cases.ts'
import { VECTOR_CASES } from '../verify/vector-cases.ts'

const cases = { messages: MESSAGE_CASES, vectors: VECTOR_CASES }[process.argv[2] ?? ''] ?? []
let failed = 0
for (const [title, run] of cases) {
  const { got, wanted } = await run()
  const [a, b] = [JSON.stringify(got), JSON.stringify(wanted)]
  if (a === b) continue
  failed += 1
  console.log(`FAILED ${title}: ${a} instead of ${b}`)
}
console.log(`${cases.length - failed} passed, ${failed} failed`)
