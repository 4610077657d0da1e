// Judges every vector of a file with docs/upstreams/node/postern-verify.mjs.
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'

const DOCS = new URL('../../../../docs/upstreams/node/postern-verify.mjs', import.meta.url)
const own = process.env['POSTERN_VERIFIER']
const { verify } = await import((own === undefined ? DOCS : pathToFileURL(own)).href)

/** One assertion a line, judged as it comes; refusals are said, and at the end how many lines there were. */
async function judgeLines() {
  let count = 0
  for await (const line of createInterface({ input: process.stdin })) {
    count += 1
    await verify(line).catch((problem) => console.log('refused', String(problem)))
  }
  console.log('judged', count)
}

async function judgeFile(path) {
  const { vectors } = JSON.parse(readFileSync(path, 'utf8'))
  const said = []
  for (const { name, token } of vectors) {
    try {
      said.push({ name, verdict: 'user', sub: (await verify(token)).sub })
    } catch (problem) {
      said.push({ name, verdict: 'refused', why: String(problem) })
    }
  }
  console.log(JSON.stringify(said))
}

if (process.argv[2] === '-') await judgeLines()
else await judgeFile(process.argv[2])
