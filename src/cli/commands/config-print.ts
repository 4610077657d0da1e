import { resolveDefinition } from '../../config/define.ts'
import { effectiveValues } from '../effective.ts'
import { CONFIG_FILE, configFindings } from '../findings.ts'
import { printJson, tableLines } from '../formats.ts'
import { refuse } from '../inspect.ts'
import { EXIT, type ExitCode, type Io } from '../io.ts'
import { type LoadedConfig, loadConfig } from '../load.ts'
import { paintFor } from '../paint.ts'
import { type Settings, settingsOf } from '../settings.ts'

/** Options of `postern config print`. */
export interface ConfigPrintOptions {
  readonly json: boolean
}

interface Row {
  readonly path: string
  readonly value: string
  readonly origin: string
}

function valueAt(input: unknown, path: readonly string[]): unknown {
  let here = input
  for (const step of path) {
    if (typeof here !== 'object' || here === null) return undefined
    here = (here as Record<string, unknown>)[step]
  }
  return here
}

/** The configuration as it would be without one variable, for each variable it asks for and has. */
function withoutEach({ definition }: LoadedConfig, settings: Settings): readonly (readonly [string, unknown])[] {
  const asked = new Set<string>()
  const look = (name: string): string | undefined => {
    asked.add(name)
    return settings(name)?.value
  }
  resolveDefinition(definition, look)
  return [...asked].flatMap((name): (readonly [string, unknown])[] => {
    const setting = settings(name)
    if (setting === null) return []
    try {
      const input = resolveDefinition(definition, (wanted) => (wanted === name ? undefined : settings(wanted)?.value))
      return [[`${name} (${setting.origin})`, input]]
    } catch {
      // WHY: a definition that cannot do without the variable: everything in it depends on that one.
      return [[`${name} (${setting.origin})`, {}]]
    }
  })
}

function rowsOf(loaded: LoadedConfig, settings: Settings): readonly Row[] {
  if (!loaded.parsed.ok) return []
  const without = withoutEach(loaded, settings)
  const originOf = (path: readonly string[]): string => {
    const written = valueAt(loaded.input, path)
    if (written === undefined) return 'default'
    const changed = without.filter(([, input]) => JSON.stringify(valueAt(input, path)) !== JSON.stringify(written))
    return changed.length === 0 ? CONFIG_FILE : changed.map(([name]) => name).join(', ')
  }
  return effectiveValues(loaded.parsed.value).map(({ path, value }) => {
    if (typeof value === 'string') return { path: path.join('.'), value, origin: originOf(path) }
    const setting = settings(value.secret)
    const state = setting === null ? 'not set' : `set, ${setting.value.length} characters`
    return {
      path: path.join('.'),
      value: `secret ${value.secret}: ${state}`,
      origin: setting === null ? CONFIG_FILE : setting.origin,
    }
  })
}

/** Every value in force and where it comes from; of secrets only whether they are there, and how long they are. */
export async function configPrint(io: Io, options: ConfigPrintOptions): Promise<ExitCode> {
  const loaded = await loadConfig(io)
  if (!loaded.parsed.ok) return refuse(io, configFindings(loaded.parsed.fault), options.json ? 'json' : 'human')
  const rows = rowsOf(loaded, settingsOf(io))
  if (options.json) printJson(io, { values: rows })
  else {
    const paint = paintFor(io)
    const cells = rows.map(({ path, value, origin }) => [path, value, paint.faint(origin)])
    for (const line of tableLines(cells)) io.out(line)
  }
  return EXIT.ok
}
