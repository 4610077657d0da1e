// Judges every vector of a file with docs/upstreams/node/postern-verify.mjs.
import { readFileSync } from 'node:fs'
import { verify } from '../../../../docs/upstreams/node/postern-verify.mjs'

const { vectors } = JSON.parse(readFileSync(process.argv[2], 'utf8'))
const said = []
for (const { name, token } of vectors) {
  try {
    said.push({ name, verdict: 'user', sub: (await verify(token)).sub })
  } catch (problem) {
    said.push({ name, verdict: 'refused', why: String(problem) })
  }
}
console.log(JSON.stringify(said))
