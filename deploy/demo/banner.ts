import type { Addresses, ProviderId } from './addresses.ts'
import { PEOPLE } from './people.ts'

const TITLES: Readonly<Record<ProviderId, string>> = {
  google: 'Google',
  apple: 'Apple',
  slack: 'Slack',
  github: 'GitHub',
  microsoft: 'Microsoft',
  discord: 'Discord',
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)))
  return rows
    .map(
      (row) =>
        `    ${row
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join('   ')
          .trimEnd()}`,
    )
    .join('\n')
}

/** What the console says when everything runs. */
export function announcement(addresses: Addresses, logs: string): string {
  const seen = new Set<string>(['guest'])
  const main = PEOPLE.filter((person) => !seen.has(person.role) && seen.add(person.role))
  const others = PEOPLE.filter((person) => !main.includes(person))
  const row = (person: (typeof PEOPLE)[number]): readonly string[] => [
    person.role,
    TITLES[person.provider],
    person.label,
    person.name,
  ]
  const rows = [
    ['ROLE', 'SIGN IN WITH', 'PICK', 'NAME'],
    ['guest', 'the guest button', '', ''],
    ...main.map(row),
    ...others.map(row),
  ]
  return `
  Postern runs. Open  ${addresses.gateway}/play

${table(rows)}

  game       ${addresses.upstream}   (never open to players in real life)
  providers  ${Object.values(addresses.providers)[0]} and the five ports after it
  logs       ${logs}
  state      ${addresses.state}, kept until "npm run demo:reset"

  Ctrl-C ends everything.
`
}
