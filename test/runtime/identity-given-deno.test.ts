import { describe } from 'vitest'
import { givenTranscript } from './given.ts'

describe('given keys and claims on deno', () => givenTranscript('deno'))
