import { absentIn, type FrontProxy, notAsAgreed, toldBy } from './front-proxy.ts'

const NAMES = {
  method: 'x-forwarded-method',
  scheme: 'x-forwarded-proto',
  host: 'x-forwarded-host',
  rawTarget: 'x-forwarded-uri',
  forwardedFor: 'x-forwarded-for',
} as const

/**
 * Caddy with `forward_auth`: a GET without the body, with the client's query; every answer but a 2xx goes to the client
 * as it is. A header that `copy_headers` names and the answer lacks becomes the name of its placeholder (2.6), or the
 * client's own stays (GHSA-7r4p-vjf4-gxv4): so all of them are there, empty when there is nothing to say.
 */
export const caddy: FrontProxy = {
  original({ method, headers, below }) {
    return method === 'GET' && /^(\?|$)/.test(below) ? toldBy(headers, NAMES) : notAsAgreed()
  },
  granted(answer, names) {
    const empty = absentIn(answer, names).map((name) => [name, ''] as const)
    return { ...answer, headers: [...answer.headers, ...empty] }
  },
  refused: (answer) => answer,
  wantsWhole: () => false,
}
