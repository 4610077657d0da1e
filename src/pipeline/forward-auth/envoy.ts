import { absentIn, type FrontProxy, notAsAgreed, toldBy } from './front-proxy.ts'

const NAMES = {
  method: ':method',
  scheme: 'x-forwarded-proto',
  host: 'host',
  rawTarget: ':path',
  forwardedFor: 'x-forwarded-for',
} as const

/**
 * Envoy with `ext_authz` over HTTP: the client's own method and host, its path behind `path_prefix`. It sets the headers
 * of a 200 on the request and removes those that `x-envoy-auth-headers-to-remove` names.
 */
export const envoy: FrontProxy = {
  original({ method, headers, below }) {
    if (!below.startsWith('/')) return notAsAgreed()
    const own = new Map([
      [':method', method],
      [':path', below],
    ])
    return toldBy({ get: (name) => own.get(name) ?? headers.get(name) }, NAMES)
  },
  granted(answer, names) {
    const gone = absentIn(answer, names)
    const removed = gone.length === 0 ? [] : [['x-envoy-auth-headers-to-remove', gone.join(',')] as const]
    return { ...answer, headers: [...answer.headers, ...removed] }
  },
  refused: (answer) => answer,
  wantsWhole: () => false,
}
