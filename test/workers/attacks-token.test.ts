import { handleAsNodeRequest } from 'cloudflare:node'

// WHY: nothing listens on a port inside workerd: what the suite sends to its hostile provider is handed to that server.
globalThis.fetch = async (input, init) => {
  const request = new Request(input, init)
  return handleAsNodeRequest(Number(new URL(request.url).port), request)
}

// The same attacks as in Node, with what workerd has for requests, streams and cryptography.
await import('../adapters/oauth/attacks-token.test.ts')
await import('../adapters/oauth/logout-token.test.ts')
