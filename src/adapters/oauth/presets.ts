import type { Adapter } from './adapter.ts'
import { apple, google, microsoft, oidc, slackOpenid } from './oidc-presets.ts'
import type { Setup } from './setup.ts'

/** Every kind of provider that can be configured, and how to build it. */
export const PRESETS: Readonly<Record<string, (setup: Setup) => Adapter>> = {
  google,
  apple,
  microsoft,
  slack: slackOpenid,
  oidc,
}
