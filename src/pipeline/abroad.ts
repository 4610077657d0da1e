import type { Ask } from '../core/ask.ts'
import { bearerOf } from '../core/bearer.ts'
import { isOwnOrigin } from '../core/client-kind.ts'
import type { Subject } from '../core/person.ts'
import type { Rule } from '../policy/model.ts'
import type { Config } from '../ports/config.ts'

const NOTHING: readonly string[] = []
const CREDENTIALS: readonly string[] = ['access-control-allow-credentials']

/**
 * Names of headers that a service must not say to the page that asked, in lower case: where the cookie of a session decided,
 * whether pages of other origins may read the answer is for the rule's `origins` to say.
 *
 * ATTACK: a service made for clients with tokens lets every `Origin` read with credentials, and knows nothing of a cookie:
 * any page of the site around us, with `embed` of every site, would read what it gives to whoever is signed in (CWE-942).
 *
 * @see docs/adr/0037
 */
export function withheldFrom(
  { browser, host, credentials }: Pick<Ask, 'browser' | 'host' | 'credentials'>,
  subject: Subject | null,
  rule: Pick<Rule, 'origins'>,
  config: Pick<Config, 'origin'>,
): readonly string[] {
  const { origin } = browser
  if (origin === null || subject?.kind !== 'session' || bearerOf(credentials.authorization) !== null) return NOTHING
  return isOwnOrigin(origin, host, config.origin) || rule.origins.includes(origin) ? NOTHING : CREDENTIALS
}
