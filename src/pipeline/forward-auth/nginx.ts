import { type FrontProxy, notAsAgreed, toldBy, withStatus } from './front-proxy.ts'

const NAMES = {
  method: 'x-original-method',
  scheme: 'x-forwarded-proto',
  host: 'x-forwarded-host',
  rawTarget: 'x-original-uri',
  forwardedFor: 'x-forwarded-for',
} as const

/** Where `error_page` asks for the whole answer. */
const WHOLE = '/answer'
/** Answers that mean: without signing in, or in this spelling, never. */
const NOT_YET: ReadonlySet<number> = new Set([302, 303, 400, 401])

/**
 * nginx with `auth_request`: a GET without the body. It understands 200, 401 and 403 only, and makes 500 of everything
 * else, so the truth is in `Postern-Status`; `error_page` fetches the whole answer from `{prefix}/verify/answer`.
 *
 * @see ngx_http_auth_request_module; DECISIONS 28
 */
export const nginx: FrontProxy = {
  original({ method, headers, below }) {
    return method === 'GET' && (below === '' || below === WHOLE) ? toldBy(headers, NAMES) : notAsAgreed()
  },
  granted: (answer) => withStatus(answer, 200),
  refused: (answer) => withStatus({ ...answer, body: null }, NOT_YET.has(answer.status) ? 401 : 403),
  wantsWhole: ({ below }) => below === WHOLE,
}
