import { afterAll, beforeAll, describe } from 'vitest'
import { type Demo, startDemo } from '../support/demo.ts'
import { adminPagesTranscript } from './admin-pages.ts'
import { arenaTranscript } from './arena.ts'
import { transcript } from './transcript.ts'

let demo: Demo
beforeAll(async () => {
  demo = await startDemo()
}, 90_000)
afterAll(() => demo?.stop(), 30_000)

describe('workerd through wrangler dev', () => transcript(() => demo))
describe('the game on workerd through wrangler dev', () => arenaTranscript(() => demo))
describe('the administration on workerd through wrangler dev', () => adminPagesTranscript(() => demo))
