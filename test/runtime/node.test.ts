import { afterAll, beforeAll, describe } from 'vitest'
import { type Demo, startDemo } from '../support/demo.ts'
import { adminPagesTranscript } from './admin-pages.ts'
import { arenaTranscript } from './arena.ts'
import { transcript } from './transcript.ts'

let demo: Demo
beforeAll(async () => {
  demo = await startDemo({ environment: { DEMO_RUNTIME: 'node' } })
}, 90_000)
afterAll(() => demo?.stop(), 30_000)

describe('node with its SQLite file', () => transcript(() => demo))
describe('the game on node', () => arenaTranscript(() => demo))
describe('the administration on node', () => adminPagesTranscript(() => demo))
