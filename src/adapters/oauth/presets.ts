import { isOlderSlack } from '../../core/provider-kinds.ts'
import type { Adapter } from './adapter.ts'
import { facebook, linkedin, twitch } from './hono-providers.ts'
import { discord, github, oauth2, slackIdentity, x } from './oauth2-presets.ts'
import { apple, google, microsoft, oidc, slackOpenid } from './oidc-presets.ts'
import { oneOf, type Setup } from './setup.ts'

/** Slack: OpenID unless the older scopes are asked for or `options.flow` is `identity`. */
function slack(setup: Setup): Adapter {
  oneOf(setup.config, 'flow', ['openid', 'identity'], 'openid')
  return isOlderSlack(setup.config) ? slackIdentity(setup) : slackOpenid(setup)
}

/** Every kind of provider that can be configured, and how to build it. */
export const PRESETS: Readonly<Record<string, (setup: Setup) => Adapter>> = {
  google,
  apple,
  microsoft,
  slack,
  discord,
  github,
  x,
  facebook,
  linkedin,
  twitch,
  oidc,
  oauth2,
}
