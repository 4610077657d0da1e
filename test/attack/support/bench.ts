import type { GatewayInput } from '../../../src/config/define.ts'
import { type Workbench, workbench } from '../../support/gateway.ts'

/** A small game: an open page, one for whoever comes, one for players, and a rule wide enough to reach everything. */
export const POLICIES: Readonly<Record<string, string>> = {
  'roles.yaml': `
users: { defaultRole: player, guestRole: guest }
permissions: [play_game, admin.logs]
roles:
  guest: { level: 0, permissions: [] }
  player: { level: 1, permissions: [play_game] }
  admin: { level: 2, permissions: ['*'] }
`,
  'game.yaml': `
upstream: game
rules:
  - path: /open
    access: public
  - path: /maybe
    access: optional
  - path: /play
    permission: play_game
  - path: /admin/*
    permission: admin.logs
  - path: /:process/:room
`,
}

/** A workbench over these policies. */
export function gameBench(settings: Partial<GatewayInput> = {}): Promise<Workbench> {
  return workbench(POLICIES, settings)
}

/** Everything the upstream was sent in headers, as text to search. */
export function arrived(bench: Workbench): string {
  return JSON.stringify(bench.sent.map(({ headers }) => [...headers]))
}
