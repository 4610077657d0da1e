/** The part of an upstream's configuration that a preset fills in. */
export interface Preset {
  readonly dialects: readonly string[]
  readonly assertionHeader: string
  /** Close code upon which the client library comes back by itself; absent: 1012, as RFC 6455 has it. */
  readonly reconnectCode?: number
}

const OWN: Preset = { dialects: ['postern'], assertionHeader: 'Postern-Assertion' }

/**
 * Settings for upstreams that need no code here, only the headers they already read; how each one uses them is in
 * docs/upstreams/presets.md.
 */
export const PRESETS: Readonly<Record<string, Preset>> = {
  /** `onAuth(token, options, context)`: `context.headers`. Its client takes 1012 for the end of the game, 4010 not. */
  colyseus: { ...OWN, reconnectCode: 4010 },
  /** RPCs over HTTP and handlers of `RegisterHttp`: the request headers; `Authorization` stays Nakama's own token. */
  nakama: OWN,
  /** `generateCredentials` reads the Koa request. */
  'boardgame.io': OWN,
  /** `socket.handshake.headers` in a middleware of the namespace. */
  'socket.io': OWN,
  /** Django's `RemoteUserMiddleware` with `HTTP_REMOTE_USER`. */
  evennia: { dialects: ['postern', 'remote'], assertionHeader: 'Postern-Assertion' },
  /** `[auth.proxy]` with `X-WEBAUTH-USER`. */
  grafana: { dialects: ['webauth'], assertionHeader: 'Postern-Assertion' },
}
