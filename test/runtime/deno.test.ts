import { afterAll, beforeAll, describe } from 'vitest'
import { type Demo, startDemo } from '../support/demo.ts'
import { adminPagesTranscript } from './admin-pages.ts'
import { arenaTranscript } from './arena.ts'
import { transcript } from './transcript.ts'

let demo: Demo
beforeAll(async () => {
  demo = await startDemo({ environment: { DEMO_RUNTIME: 'deno' } })
}, 90_000)
afterAll(() => demo?.stop(), 30_000)

describe('deno with its SQLite file', () => transcript(() => demo))
describe('the game on deno', () => arenaTranscript(() => demo))
describe('the administration on deno', () => adminPagesTranscript(() => demo))
