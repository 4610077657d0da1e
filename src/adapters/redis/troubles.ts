import { ErrorReply } from 'redis'
import { scrubbed } from './driver.ts'

/** Why there is no connection, as far as somebody said it: a code of the system, or of a server that lets nobody in. */
export class Troubles {
  /** The latest one; empty when a connection came about since, or when none was said. */
  last = ''

  /** Follows a client. WHY: without a listener an error of the connection would end the process; every call reports it. */
  follow(client: { on(event: 'error' | 'ready', heard: (thrown?: unknown) => void): unknown }): void {
    client.on('error', (thrown) => {
      this.last = codeOf(thrown)
    })
    client.on('ready', () => {
      this.last = ''
    })
  }
}

function codeOf(thrown: unknown): string {
  if (thrown instanceof ErrorReply) return scrubbed(thrown.message)
  const code = typeof thrown === 'object' && thrown !== null && 'code' in thrown ? String(thrown.code) : ''
  return /^[A-Z][A-Z0-9_]{2,63}$/.test(code) ? code : ''
}
