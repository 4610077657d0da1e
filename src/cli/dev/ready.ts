import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { resolveDefinition } from '../../config/define.ts'
import { readSecrets } from '../../config/secrets.ts'
import type { PolicyBundle } from '../../policy/model.ts'
import { loadPolicy } from '../../policy/policy.ts'
import { routeLines } from '../../policy/routes.ts'
import type { Config } from '../../ports/config.ts'
import { locally } from '../../runtime/local-definition.ts'
import { unprotected } from '../commands/init.ts'
import { counted, sizeOf } from '../count.ts'
import { placeholders } from '../doctor/files.ts'
import { type DoctorNote, note } from '../doctor/notes.ts'
import { callbackUrl } from '../doctor/providers.ts'
import { CONFIG_FILE, configFindings, exitFor, type Finding, formatFinding } from '../findings.ts'
import { inspect } from '../inspect.ts'
import { EnvironmentProblem, EXIT, type Io } from '../io.ts'
import { settingsOf, VARS_FILE } from '../settings.ts'
import { type DevSecrets, ensureSecrets } from './secrets.ts'

/** A deployment that can be served on this machine. */
export interface Ready {
  readonly config: Config
  readonly bundle: PolicyBundle
  readonly tests: number
  readonly secrets: DevSecrets
  /** What the file says is the origin; the one served here may be another. */
  readonly written: string | null
  /** Warnings of the check. */
  readonly findings: readonly Finding[]
}

/** Where and how often a deployment is read. */
export interface Wish {
  /** Null: that of a local origin, else the usual one. */
  readonly port: number | null
  /** 0 for the first time. */
  readonly edition: number
}

/**
 * The deployment of the folder as this machine serves it, with every secret it needs, or what is wrong with it.
 *
 * @throws EnvironmentProblem when it cannot be read, or a secret is missing that cannot be made
 */
export async function readyDeployment(io: Io, { port, edition }: Wish): Promise<Ready | readonly Finding[]> {
  const reading = { adjust: (definition: unknown) => locally(definition, port), edition }
  const { loaded, checked, tests, findings } = await inspect(io, reading)
  if (!loaded.parsed.ok || checked.bundle === null || exitFor(findings) !== EXIT.ok) return findings
  const config = loaded.parsed.value
  const secrets = ensureSecrets(io, config)
  const settings = settingsOf(io)
  const read = readSecrets(config, (name) => settings(name)?.value ?? secrets.standIns[name])
  if (!read.ok) throw new EnvironmentProblem(configFindings(read.fault).map(formatFinding).join('\n'))
  const input = resolveDefinition(loaded.definition, (name) => settings(name)?.value) as { readonly origin?: unknown }
  const written = typeof input.origin === 'string' ? input.origin : null
  return { config, bundle: checked.bundle, tests: tests.length, secrets, written, findings }
}

/** Whether nothing keeps the file of secrets out of a commit: a folder that ignores nothing does not. */
function isCommittable(folder: string): boolean {
  return !existsSync(resolve(folder, '.gitignore')) || unprotected(folder).includes(VARS_FILE)
}

function secretNotes(io: Io, { made, shared }: DevSecrets): readonly DoctorNote[] {
  const isOpen = existsSync(resolve(io.cwd, VARS_FILE)) && isCommittable(io.cwd)
  const ignore = `add "${VARS_FILE}" to .gitignore: it must not be committed`
  return [
    ...(made.length === 0 ? [] : [note('secrets', 'ok', `made ${made.join(', ')} in ${VARS_FILE}`)]),
    ...shared.map((name) =>
      note('secrets', 'warning', `made ${name}: give whoever else has to know it the same value`),
    ),
    ...(isOpen ? [note('secrets', 'warning', ignore)] : []),
  ]
}

function originNotes({ config, written }: Ready): readonly DoctorNote[] {
  if (written === null || written === config.origin) return []
  const remedy = `commands for a running gateway need --url ${config.origin}${config.prefix}`
  return [note('origin', 'ok', `${config.origin} here, ${written} in ${CONFIG_FILE}: ${remedy}`)]
}

function policyNotes({ bundle, config, tests }: Ready): readonly DoctorNote[] {
  const rules = routeLines(loadPolicy(bundle, config.attributes), [config.host, ...config.hosts]).map(
    ({ rule, needs }) =>
      note('rule', 'ok', `${rule.id} -> ${rule.upstream}: ${needs.join('; ')}  (${rule.at.file}:${rule.at.line})`),
  )
  return [note('policy', 'ok', `${sizeOf(bundle)}, ${counted(tests, 'test')}`), ...rules]
}

function signInNotes({ config, secrets }: Ready): readonly DoctorNote[] {
  const open = placeholders(config)
  const notes = config.providers.flatMap(({ id, clientSecret }) => {
    const area = `provider ${id}`
    const isMissing = clientSecret !== null && Object.hasOwn(secrets.standIns, clientSecret.secret)
    const lacks = `${clientSecret?.secret} is not set, so no sign-in will succeed: put it into ${VARS_FILE}`
    return [
      note(area, 'ok', `callback URL ${callbackUrl(config, id)}`),
      ...open.filter((one) => one.area === area).map(({ message }) => note(area, 'warning', message)),
      ...(isMissing ? [note(area, 'warning', lacks)] : []),
    ]
  })
  if (config.guests === 'on') return [...notes, note('guests', 'ok', 'whoever wishes plays as a guest')]
  return notes.length > 0
    ? notes
    : [note('sign-in', 'warning', "nobody can sign in: there are no providers, and guests is 'off'")]
}

/** What is there, as a developer wants to know it before the first request. */
export function notesOf(io: Io, ready: Ready): readonly DoctorNote[] {
  return [
    ...secretNotes(io, ready.secrets),
    ...originNotes(ready),
    ...policyNotes(ready),
    ...ready.findings.map((finding) => note('policy', 'warning', formatFinding(finding))),
    ...signInNotes(ready),
  ]
}
