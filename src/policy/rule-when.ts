import type { ASTNode } from '@marcbachmann/cel-js'
import { type AttributeType, conditionWorld, parseCondition } from './condition.ts'
import { walk } from './expression.ts'
import type { ParamRule } from './model.ts'
import type { RuleSite } from './rule-params.ts'
import { didYouMean } from './suggest.ts'

type Path = readonly PropertyKey[]

const ROOTS = /^(?:user|session|request|params)\b/

function attributeTypes(site: RuleSite): Readonly<Record<string, AttributeType>> {
  return Object.fromEntries(Object.entries(site.words.attributes).map(([name, { type }]) => [name, type]))
}

function written(node: ASTNode): string {
  return node.input.slice(node.start, node.end)
}

/** `has(user.attributes.typo)` is legal CEL: the selection inside is checked by itself. */
function checkHas(site: RuleSite, path: Path, node: ASTNode, world: ReturnType<typeof conditionWorld>): void {
  if (node.op !== 'call' || node.args[0] !== 'has') return
  const selection = node.args[1][0]
  if (selection === undefined || !ROOTS.test(written(selection))) return
  const checked = world.check(written(selection))
  if (checked.valid) return
  const message = (checked.error as { readonly summary?: string }).summary ?? 'unknown name'
  site.problems.error(site.source.at(path), 'PST240', `when: ${message} in has(${written(selection)})`, null)
}

interface NameList {
  readonly code: string
  readonly what: string
  readonly known: Iterable<string>
}

/** The names that a selection can hold; null where any text can stand. */
function namesAt(site: RuleSite, place: string): NameList | null {
  const { roles, permissions, providers } = site.words
  if (place === 'user.roles') return { code: 'PST205', what: 'role', known: roles }
  if (place === 'user.permissions') return { code: 'PST204', what: 'permission', known: permissions }
  return place === 'session.provider' ? { code: 'PST207', what: 'provider', known: providers } : null
}

function words(node: ASTNode): readonly string[] {
  if (node.op === 'list') return node.args.flatMap(words)
  return node.op === 'value' && typeof node.args === 'string' ? [node.args] : []
}

/** A literal compared with names must be one of them: `"adnim" in user.roles` would never hold. */
function checkLiterals(site: RuleSite, path: Path, node: ASTNode): void {
  if (node.op !== 'in' && node.op !== '==' && node.op !== '!=') return
  const [left, right] = node.args
  for (const [literal, place] of [[left, right] as const, [right, left] as const]) {
    const names = namesAt(site, written(place))
    if (names === null) continue
    const known = new Set(names.known)
    for (const word of words(literal).filter((one) => !known.has(one))) {
      site.problems.error(
        site.source.at(path),
        names.code,
        `unknown ${names.what} "${word}" in when`,
        didYouMean(word, known),
      )
    }
  }
}

/** Checks a `when` expression against the declared types of users, sessions, requests and this rule's parameters. */
export function checkWhen(site: RuleSite, path: Path, source: string, params: readonly ParamRule[]): void {
  const world = conditionWorld(attributeTypes(site), params)
  const parsed = parseCondition(source, world)
  if (!('ast' in parsed)) {
    const place = parsed.offset > 0 ? ` (character ${parsed.offset + 1})` : ''
    site.problems.error(
      site.source.at(path),
      'PST240',
      `when: ${parsed.message}${place}`,
      hintFor(site, parsed.message),
    )
    return
  }
  for (const { node } of walk(parsed.ast)) {
    checkHas(site, path, node, world)
    checkLiterals(site, path, node)
  }
}

function hintFor(site: RuleSite, message: string): string | null {
  const name = /No such key: (\w+)/.exec(message)?.[1]
  if (name === undefined) return /Unknown variable/.test(message) ? 'known: user, session, request, params' : null
  const fields = [
    'id',
    'signedIn',
    'guest',
    'name',
    'email',
    'emailVerified',
    'roles',
    'permissions',
    'level',
    'createdAt',
  ]
  const more = [
    'attributes',
    'provider',
    'character',
    'authTime',
    'world',
    'method',
    'path',
    'host',
    'query',
    'address',
    'certificate',
    'now',
  ]
  return didYouMean(name, [...Object.keys(site.words.attributes), ...fields, ...more])
}
