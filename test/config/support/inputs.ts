import { secret } from '../../../src/config/define.ts'

/** The least a deployment must say. */
export const SMALLEST = {
  origin: 'https://play.example.com',
  upstreams: { game: { url: 'http://127.0.0.1:2567' } },
} as const

/** A Google sign-in as its author writes it. */
export const google = {
  kind: 'google',
  clientId: '1.apps.googleusercontent.com',
  clientSecret: secret('GOOGLE_CLIENT_SECRET'),
} as const
