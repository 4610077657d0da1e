import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { readSecrets } from '../../config/secrets.ts'
import type { Config } from '../../ports/config.ts'
import { counted, sizeOf } from '../count.ts'
import { CONFIG_FILE, type Finding, formatFinding } from '../findings.ts'
import type { Inspection } from '../inspect.ts'
import type { Io } from '../io.ts'
import { OWN_SECRETS } from '../secrets-made.ts'
import type { Settings } from '../settings.ts'
import { PLACEHOLDER } from '../starter.ts'
import { type DoctorNote, note } from './notes.ts'

/** What to do about a problem of the configuration whose own words do not say it. */
const REMEDIES: readonly (readonly [pattern: RegExp, remedy: string])[] = [
  [/^origin must be text/, "write what players type into the address bar, such as origin: 'https://play.example.com'"],
  [
    /^\S*cookie\S* is not a known/i,
    "Postern's cookies are __Host- cookies: always Secure, and of one host only; serve every game under that one origin",
  ],
  [/^\S*secure\S* is not a known/i, 'cookies are always Secure; on localhost browsers keep them over plain http too'],
]

function withRemedy(finding: Finding): string {
  const remedy = REMEDIES.find(([pattern]) => pattern.test(finding.message))?.[1]
  return remedy === undefined ? formatFinding(finding) : `${formatFinding(finding)}; ${remedy}`
}

/** Configuration, policies and their tests, as `check` sees them. */
export function examineFiles({ findings, checked, tests }: Inspection): readonly DoctorNote[] {
  const notes = findings.map((finding) =>
    note(finding.file === CONFIG_FILE ? 'config' : 'policy', finding.severity, withRemedy(finding)),
  )
  const isClean = (area: string): boolean => !notes.some((one) => one.area === area && one.state === 'error')
  const { bundle } = checked
  const size = bundle === null ? '' : `${sizeOf(bundle)}, ${counted(tests.length, 'test')}`
  return [
    ...(isClean('config') ? [note('config', 'ok', `${CONFIG_FILE} has no problem`)] : []),
    ...(isClean('policy') && bundle !== null ? [note('policy', 'ok', size)] : []),
    ...notes,
  ]
}

function unreadable(io: Io): readonly DoctorNote[] {
  return Object.entries(io.env).flatMap(([name, path]) => {
    const isOurs = name.endsWith('_FILE') && /SECRET|KEY|TOKEN|URL/.test(name)
    if (!isOurs || path === undefined || path === '' || existsSync(resolve(io.cwd, path))) return []
    return [note('secrets', 'warning', `${name} names ${path}, which does not exist: mount it, or unset ${name}`)]
  })
}

/** What of the providers is still as `init` wrote it. */
export function placeholders({ providers }: Config): readonly DoctorNote[] {
  return providers.flatMap(({ id, clientId, options }) => {
    const values: readonly (readonly [string, string])[] = [['clientId', clientId], ...Object.entries(options)]
    const open = values.filter(([, value]) => value === PLACEHOLDER).map(([name]) => name)
    if (open.length === 0) return []
    const told = `${open.join(' and ')} ${open.length === 1 ? 'is' : 'are'} still ${PLACEHOLDER}`
    return [note(`provider ${id}`, 'error', `${told}: copy what the console of the provider shows into ${CONFIG_FILE}`)]
  })
}

/** A key that is there and wrong is told with the other secrets. */
function operatorKey(settings: Settings): readonly DoctorNote[] {
  const key = settings('POSTERN_OPERATOR_KEY')
  if (key === null) return [note('secrets', 'ok', 'POSTERN_OPERATOR_KEY is not set: the operator door stays shut')]
  return key.value.length < 43 ? [] : [note('secrets', 'ok', `POSTERN_OPERATOR_KEY is set (${key.origin})`)]
}

/** Every secret the configuration names: there, plausible, in its own place. Values are never shown. */
export function examineSecrets(io: Io, config: Config, settings: Settings): readonly DoctorNote[] {
  const read = readSecrets(config, (name) => settings(name)?.value)
  const wrong = read.ok
    ? []
    : read.fault.map(({ path, message }) => {
        const origin = settings(path)?.origin
        return note('secrets', 'error', `${path} ${message}${origin === undefined ? '' : ` (found in ${origin})`}`)
      })
  const count = read.ok ? [...read.value.keys()].filter((name) => !(name in OWN_SECRETS)).length : 0
  const good = read.ok ? [note('secrets', 'ok', `all ${count} that ${CONFIG_FILE} names are there`)] : []
  return [...good, ...wrong, ...operatorKey(settings), ...unreadable(io), ...placeholders(config)]
}
