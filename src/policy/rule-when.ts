import type { ASTNode } from '@marcbachmann/cel-js'
import { type AttributeType, conditionWorld, parseCondition, walk } from './condition.ts'
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

/** A literal compared with a list of names must be one of them: `"adnim" in user.roles` would never hold. */
function checkLiterals(site: RuleSite, path: Path, node: ASTNode): void {
  if (node.op !== 'in' && node.op !== '==' && node.op !== '!=') return
  const [left, right] = node.args
  const pairs: readonly (readonly [ASTNode, ASTNode])[] = [
    [left, right],
    [right, left],
  ]
  for (const [literal, name] of pairs) {
    if (literal.op !== 'value' || typeof literal.args !== 'string') continue
    const word = literal.args
    const at = site.source.at(path)
    const refuse = (code: string, what: string, known: Iterable<string>): void =>
      site.problems.error(at, code, `unknown ${what} "${word}" in when`, didYouMean(word, known))
    const place = written(name)
    if (place === 'user.roles' && !site.words.roles.has(word)) refuse('PST205', 'role', site.words.roles)
    if (place === 'user.permissions' && !site.words.permissions.has(word)) {
      refuse('PST204', 'permission', site.words.permissions)
    }
    if (place === 'session.provider' && !site.words.providers.includes(word)) {
      refuse('PST207', 'provider', site.words.providers)
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
    'now',
  ]
  return didYouMean(name, [...Object.keys(site.words.attributes), ...fields, ...more])
}
