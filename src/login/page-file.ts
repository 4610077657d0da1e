import type { Answer } from '../core/answer.ts'
import type { Ask } from '../core/ask.ts'
import { refuse } from '../pages/refuse.ts'
import type { Gateway } from '../ports/gateway.ts'

/**
 * `GET {prefix}/pages/<name>`: a file of the operator's that our pages load. Its name changes with what is in it, so that it
 * may be kept; opened alone it is in a sandbox, where a drawing runs nothing.
 */
export async function pageFile(ask: Ask, gateway: Gateway): Promise<Answer> {
  const file = gateway.config.pages.files.get(ask.target.segments.at(-1) ?? '')
  if (file === undefined) return refuse(ask, gateway, 'not-found')
  return {
    status: 200,
    headers: [
      ['content-type', file.type],
      // WHY: a HEAD has no body that a runtime could count (RFC 9110 section 8.6).
      ['content-length', String(file.bytes.byteLength)],
      ['cache-control', 'public, max-age=31536000, immutable'],
      ['x-content-type-options', 'nosniff'],
      ['content-security-policy', "default-src 'none'; style-src 'unsafe-inline'; sandbox"],
      ['cross-origin-resource-policy', 'same-origin'],
    ],
    body: null,
    bytes: file.bytes,
  }
}
