import type { ProviderId } from './addresses.ts'

/** A role of the demo's policy. */
export type DemoRole = 'padawan' | 'game_master' | 'guild_leader' | 'system_admin'

/** A person who has an account at one of the demo's providers. */
export interface Person {
  readonly provider: ProviderId
  readonly name: string
  readonly email: string
  /** What the provider's page calls the person: the label to click. */
  readonly label: string
  /** The subject at that provider; the same in every run. */
  readonly subject: string
  readonly role: DemoRole
}

/**
 * Everybody who can sign in to the demo; the first one of a role is the one the console names.
 *
 * INVARIANT: new people are added at the end of their provider's group: subjects are derived in this order.
 */
export const PEOPLE: readonly Person[] = [
  {
    provider: 'google',
    name: 'Ada Lindgren',
    email: 'ada@players.example',
    label: 'ada@players.example',
    subject: 'goog_G4FUitkNVKO-vP3m',
    role: 'padawan',
  },
  {
    provider: 'google',
    name: 'Sol Ivanova',
    email: 'sol@players.example',
    label: 'sol@players.example',
    subject: 'goog_-0jwLHz_Wz8oZURC',
    role: 'system_admin',
  },
  {
    provider: 'github',
    name: 'Max Marek',
    email: 'max@players.example',
    label: 'max-marek',
    subject: '3',
    role: 'game_master',
  },
  {
    provider: 'discord',
    name: 'Grünhild Söderberg',
    email: 'gruni@players.example',
    label: 'gruni',
    subject: '175928847299117063',
    role: 'guild_leader',
  },
  {
    provider: 'discord',
    name: 'Noor Haddad',
    email: 'noor@players.example',
    label: 'noor',
    subject: '204255221017214977',
    role: 'padawan',
  },
  {
    provider: 'apple',
    name: 'Pip Apfel',
    email: 'pip@players.example',
    label: 'pip@players.example',
    subject: '05986D.84aac92217b2b14230bc5e5940ee9c97.3145',
    role: 'padawan',
  },
  {
    provider: 'slack',
    name: 'Tess Okafor',
    email: 'tess@players.example',
    label: 'tess',
    subject: 'U8724863B5',
    role: 'padawan',
  },
  {
    provider: 'microsoft',
    name: 'Mika Tan',
    email: 'mika@players.example',
    label: 'mika@players.example',
    subject: '501ef848-41a7-49e5-8fd0-a8543b25798f',
    role: 'padawan',
  },
]

/** The people with an account at a provider. */
export function peopleAt(provider: ProviderId): readonly Person[] {
  return PEOPLE.filter((person) => person.provider === provider)
}
