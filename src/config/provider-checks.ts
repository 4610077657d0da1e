import { PROVIDER_KINDS, type ProviderKind, providerKind } from '../core/provider-kinds.ts'
import { ADMISSION_LISTS, deadList, mailProof, wantedValue } from '../core/provider-proofs.ts'
import type { Config, ProviderConfig } from '../ports/config.ts'
import { nearest, type Reader } from './reader.ts'

/** Notes every option that this kind of provider would ignore, and every word it does not have. */
export function checkOptions(read: Reader, provider: ProviderConfig): void {
  const kind = providerKind(provider)
  if (kind === null) return
  for (const [name, value] of Object.entries(provider.options)) {
    const problem = optionProblem(provider, kind, name, value)
    if (problem !== null) read.fault(`options.${name}`, problem)
  }
}

function optionProblem(
  { kind: kindName, dangerouslyAllowHttp }: ProviderConfig,
  kind: ProviderKind,
  name: string,
  value: string,
): string | null {
  if (!Object.hasOwn(kind.options, name)) return unknownOption(kindName, kind, name)
  const form = kind.options[name]
  if (form === 'address') return addressProblem(value, dangerouslyAllowHttp ? 'allow' : 'refuse')
  if (form === 'seconds')
    return /^\d{1,9}$/.test(value) ? null : `must be a whole number of seconds as text, not "${value}"`
  if (form === 'prompt') return promptProblem(kindName, kind.prompts, value)
  if (typeof form !== 'object' || form.includes(value)) return null
  const why = name === 'pkce' && value === 'required' ? `: ${kindName} has no metadata that could state it` : ''
  return `must be one of ${form.join(', ')}, not "${value}"${why}`
}

/** What a sign-in would refuse about an address, told at start. */
function addressProblem(value: string, http: 'refuse' | 'allow'): string | null {
  const url = /^https?:\/\/\S+$/.test(value) ? URL.parse(value) : null
  if (url === null) return `must be an address such as https://id.example.com/token, not "${value}"`
  if (url.username !== '' || url.password !== '') return 'must be an address without user and password'
  return url.protocol === 'http:' && http === 'refuse'
    ? 'is plain http: use https, or say dangerouslyAllowHttp: true for a double on this machine'
    : null
}

function unknownOption(kindName: string, kind: ProviderKind, name: string): string {
  const known = Object.keys(kind.options)
  const near = nearest(name, known)
  if (near !== null) return `is no option of ${kindName}; did you mean "${near}"?`
  const isElsewhere = Object.values(PROVIDER_KINDS).some(({ options }) => Object.hasOwn(options, name))
  const why = isElsewhere ? `would be ignored by ${kindName}` : `is no option of ${kindName}`
  return `${why}, which has ${known.join(', ')}`
}

function promptProblem(kindName: string, known: readonly string[], value: string): string | null {
  const words = value.split(' ')
  const stranger = words.find((word) => !known.includes(word))
  if (stranger !== undefined) {
    const near = nearest(stranger, known)
    const hint = near === null ? '' : `; did you mean "${near}"?`
    return `must be of ${known.join(', ')}, which is what ${kindName} understands, not "${stranger}"${hint}`
  }
  // WHY: OpenID Connect Core section 3.1.2.1 makes `none` with any other word an error.
  return words.includes('none') && words.length > 1
    ? 'must be none alone: it forbids what the other words ask for'
    : null
}

/** Notes every list that could let nobody in, whoever comes. */
export function checkAdmission(read: Reader, provider: ProviderConfig): void {
  if (providerKind(provider) === null) return
  for (const [list, values] of Object.entries(provider.admit)) {
    const kinds = ADMISSION_LISTS[list] ?? null
    if (kinds !== null && !kinds.includes(provider.kind)) {
      read.fault(`admit.${list}`, `is for ${kinds.join(', ')}: ${provider.kind} can prove no such membership`)
      continue
    }
    for (const [index, value] of values.entries()) {
      const wanted = wantedValue(list, value)
      if (wanted !== null)
        read.fault(`admit.${list}.${index}`, `must be ${wanted}, not "${value}", which matches nobody`)
    }
    if (values.length === 0) continue
    const dead = deadList(list, values, provider)
    if (dead !== null) read.fault(`admit.${list}`, dead)
  }
}

/** Notes every person who is named by an address that their provider never calls verified. */
export function checkNamedByMail(read: Reader, { providers, firstAdmins, people }: Config): void {
  for (const [list, persons] of Object.entries({ firstAdmins, people })) {
    for (const [index, { provider: id, email }] of persons.entries()) {
      const provider = providers.find((one) => one.id === id)
      if (email === null || provider === undefined || providerKind(provider) === null) continue
      const proof = mailProof(provider)
      if (proof.verified !== 'never') continue
      const why = `can match nobody: ${provider.kind} ${proof.because}`
      read.fault(`${list}.${index}.email`, `${why}; write subject instead of email`)
    }
  }
}
