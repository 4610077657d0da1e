import { Browser, type Seen } from '../../login/support/browser.ts'
import { formsOf } from '../../support/forms.ts'
import type { Workbench } from '../../support/gateway.ts'

/** Roles of a house with moderators, an auditor, and keepers above them. */
export const HOUSE: Readonly<Record<string, string>> = {
  'roles.yaml': `
users: { defaultRole: player, guestRole: visitor, roles: many }
permissions: [play_game, players.ban, admin.users, admin.roles, admin.logs, admin.config, admin.system]
roles:
  visitor: { level: 0, permissions: [] }
  player: { level: 1, displayName: Player, permissions: [play_game] }
  referee: { level: 2, displayName: Referee, permissions: [play_game] }
  auditor: { level: 2, permissions: [admin.logs] }
  mechanic: { level: 2, permissions: [admin.config] }
  moderator: { level: 3, displayName: Moderator, permissions: [admin.users, admin.roles, players.ban] }
  keeper: { level: 5, displayName: Keeper, permissions: ["admin.*", players.ban] }
`,
  'game.yaml': `
upstream: game
rules:
  - path: /play/*
  - path: /.well-known/openid-configuration
    access: public
  - path: /vault/:id
    permission: admin.users
    params: { id: { type: int } }
`,
}

/** A browser that holds the cookie of somebody; empty: of nobody. */
export function clerk(bench: Workbench, cookie: string): Browser {
  const browser = new Browser(bench, {})
  const [name = '', value] = cookie.split('=')
  if (value !== undefined) browser.jar.set(name, value)
  return browser
}

/** The address of the page about somebody. */
export function about({ id }: { readonly id: string }): string {
  return `/auth/admin/users/${id}`
}

/** Whether a page offers a form for that deed. */
export function offers(page: Seen, deed: string): boolean {
  return formsOf(page.html).some(({ fields, html }) => {
    return fields.get('do') === deed || html.includes(`name="do" value="${deed}"`)
  })
}

/** Sends the form of a deed and confirms it on the page that asks. */
export async function confirm(
  by: Browser,
  user: { readonly id: string },
  fields: Readonly<Record<string, string>>,
): Promise<Seen> {
  const asked = await by.post(about(user), fields)
  return by.press(asked, about(user))
}

/** The visible text of a page. */
export function words(page: Seen): string {
  const main = /<main>([\s\S]*)<\/main>/.exec(page.html)?.[1] ?? ''
  const text = main
    .replace(/<[^>]*>/g, ' ')
    .replace(/&#39;/g, "'")
    .replace(/\s+/g, ' ')
  return text.replace(/ ([.,:])/g, '$1').trim()
}
