// Runs the cases of RFC 9421 on Deno, which has no vitest; the last line says how many passed and failed.
import { MESSAGE_CASES } from '../identity/rfc9421-cases.ts'

let failed = 0
for (const [title, run] of MESSAGE_CASES) {
  const { got, wanted } = await run()
  const [a, b] = [JSON.stringify(got), JSON.stringify(wanted)]
  if (a === b) continue
  failed += 1
  console.log(`FAILED ${title}: ${a} instead of ${b}`)
}
console.log(`${MESSAGE_CASES.length - failed} passed, ${failed} failed`)
