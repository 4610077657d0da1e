import { type ASTNode, Environment } from '@marcbachmann/cel-js'
import type { Seconds } from '../core/brand.ts'
import { type Attributes, type AttributeTypes, retyped, type Subject, signedInAt } from '../core/person.ts'
import { children, isMacro, isRequest, loopsTwice, walk } from './expression.ts'
import type { ParamRule } from './model.ts'
import type { QueryView } from './query.ts'

/** Type of a user attribute as the configuration declares it. */
export type AttributeType = 'string' | 'number' | 'boolean'

/** A compiled `when`. */
export interface Condition {
  /** Whether it looks into the query: else the query need not be taken apart for it. */
  readonly readsQuery: boolean
  /** Holds only when the expression is true; an evaluation error does not, and says why. */
  judge(context: ConditionContext): { readonly holds: boolean; readonly error: string | null }
}

/** What a `when` expression can see. Absent things (no character, unset attribute) are absent, so reading them refuses. */
export interface ConditionContext {
  /** A query name among the asked ones that has no single readable value: what reads it cannot be evaluated. */
  readonly unclear: QueryView['unclear']
  /** Characters of path and query together. */
  readonly addressLength: number
  readonly user: Readonly<Record<string, unknown>>
  readonly session: Readonly<Record<string, unknown>>
  readonly request: Readonly<Record<string, unknown>>
  readonly params: Readonly<Record<string, unknown>>
}

/** Why an expression cannot be used; `offset` counts characters from the start of the expression. */
export interface ConditionFault {
  readonly message: string
  readonly offset: number
}

// WHY: an expression is evaluated on every request of its rule, so its cost is bounded when it is read (DECISIONS 37).
const LIMITS = { maxAstNodes: 400, maxDepth: 24, maxListElements: 64, maxMapEntries: 16, maxCallArguments: 8 }
const MAX_LENGTH = 2_000
/** Characters of an address up to which lists that the client makes may be gone through inside each other: some 40 ms, measured. */
const MAX_LOOPED_ADDRESS = 1_024
const MAX_MACRO_NESTING = 2

const CEL_TYPES: Readonly<Record<AttributeType, string>> = { string: 'string', number: 'double', boolean: 'bool' }

const USER = {
  id: 'string',
  signedIn: 'bool',
  guest: 'bool',
  name: 'string',
  email: 'string',
  emailVerified: 'bool',
  roles: 'list<string>',
  permissions: 'list<string>',
  level: 'int',
  createdAt: 'int',
}
const SESSION = {
  kind: 'string',
  provider: 'string',
  client: 'string',
  country: 'string',
  createdAt: 'int',
  authTime: 'int',
  character: { id: 'string', name: 'string', world: 'string' },
}
const REQUEST = {
  method: 'string',
  host: 'string',
  path: 'string',
  address: 'string',
  certificate: 'bool',
  now: 'int',
  query: 'map<string, string>',
}

/**
 * The declared world of a `when` expression: a name outside it is an error when the policy is read.
 *
 * @param attributes - types of user attributes; null where they are not known (a loaded bundle): then every name is legal
 * @param params - the rule's parameters: `int` ones are numbers, all others text
 */
export function conditionWorld(
  attributes: Readonly<Record<string, AttributeType>> | null,
  params: readonly ParamRule[],
): Environment {
  const typed: Record<string, string> = {}
  for (const param of params) typed[param.name] = param.type === 'int' ? 'int' : 'string'
  const own = attributes === null ? 'map<string, dyn>' : declared(attributes)
  return (
    new Environment({ unlistedVariablesAreDyn: false, limits: LIMITS })
      // WHY: attributes are doubles and literals such as `3` are ints; CEL compares them by < and > only.
      .registerOperator('double == int', (left: number, right: bigint) => left === Number(right))
      .registerVariable({ name: 'user', schema: { ...USER, attributes: own } })
      .registerVariable({ name: 'session', schema: SESSION })
      .registerVariable({ name: 'request', schema: REQUEST })
      .registerVariable({ name: 'params', schema: typed })
  )
}

function declared(attributes: Readonly<Record<string, AttributeType>>): Record<string, string> {
  return Object.fromEntries(Object.entries(attributes).map(([name, type]) => [name, CEL_TYPES[type]]))
}

function literal(node: ASTNode): string | null {
  return node.op === 'value' && typeof node.args === 'string' ? node.args : null
}

function isQuery(node: ASTNode): boolean {
  if (node.op === '.') return isRequest(node.args[0]) && node.args[1] === 'query'
  return node.op === '[]' && isRequest(node.args[0]) && literal(node.args[1]) === 'query'
}

/** The one name of the query that a node asks for; null when it is no such question. */
function queryName(node: ASTNode): string | null {
  if (node.op === '.') return isQuery(node.args[0]) ? node.args[1] : null
  if (node.op === '[]') return isQuery(node.args[0]) ? literal(node.args[1]) : null
  return node.op === 'in' && isQuery(node.args[1]) ? literal(node.args[0]) : null
}

/** Whether a node takes another part of the request than its query. */
function isOtherPart(node: ASTNode): boolean {
  if (node.op === '.') return isRequest(node.args[0])
  return node.op === '[]' && isRequest(node.args[0]) && literal(node.args[1]) !== null
}

/** Names of the query that an expression reads; `any` where it takes the query, or the request, as a whole. */
function queryNames(node: ASTNode): ReadonlySet<string> | 'any' {
  const name = queryName(node)
  if (name !== null) return new Set([name])
  if (isQuery(node) || isRequest(node)) return 'any'
  if (isOtherPart(node)) return new Set()
  const found = new Set<string>()
  for (const child of children(node)) {
    const names = queryNames(child)
    if (names === 'any') return 'any'
    for (const one of names) found.add(one)
  }
  return found
}

function forbidden(root: ASTNode): ConditionFault | null {
  for (const { node, macros } of walk(root)) {
    const name = node.op === 'rcall' || node.op === 'call' ? String(node.args[0]) : ''
    // ATTACK: `^(a+)+$` doubles its time with each character of a value that the client chooses (DECISIONS 37).
    if (name === 'matches') {
      return { message: 'matches() is not available; use params with a pattern, or startsWith()', offset: node.pos }
    }
    if (isMacro(node) && macros >= MAX_MACRO_NESTING) {
      return { message: `list macros nest at most ${MAX_MACRO_NESTING} deep`, offset: node.pos }
    }
  }
  return null
}

function faultOf(error: unknown): ConditionFault {
  const known = error as { readonly summary?: string; readonly message?: string; readonly range?: { start: number } }
  return { message: known.summary ?? known.message ?? 'not an expression', offset: known.range?.start ?? 0 }
}

/** The parsed expression when it is legal in `world` and gives true or false; else why not. */
export function parseCondition(
  source: string,
  world: Environment,
): { readonly ast: ASTNode; readonly run: (context: ConditionContext) => unknown } | ConditionFault {
  if (source.length > MAX_LENGTH) return { message: `longer than ${MAX_LENGTH} characters`, offset: MAX_LENGTH }
  try {
    const parsed = world.parse(source)
    const refused = forbidden(parsed.ast)
    if (refused !== null) return refused
    const checked = parsed.check()
    if (!checked.valid) return faultOf(checked.error)
    if (checked.type !== 'bool' && checked.type !== 'dyn') {
      return { message: `gives ${checked.type ?? 'nothing'}, not true or false`, offset: 0 }
    }
    return { ast: parsed.ast, run: (context) => parsed(context) }
  } catch (error) {
    return faultOf(error)
  }
}

/** A condition ready to run on every request; throws when the expression is not legal (a bundle that `check` never saw). */
export function compileCondition(source: string, params: readonly ParamRule[]): Condition {
  const parsed = parseCondition(source, conditionWorld(null, params))
  if (!('run' in parsed)) throw new Error(`PST240 condition does not compile: ${parsed.message}`)
  const names = queryNames(parsed.ast)
  const most = loopsTwice(parsed.ast) ? MAX_LOOPED_ADDRESS : Infinity
  return {
    readsQuery: names === 'any' || names.size > 0,
    // INVARIANT: what cannot be evaluated refuses.
    judge(context) {
      // ATTACK: five thousand names of a query, each held against each, took eight seconds of everybody's time.
      if (context.addressLength > most)
        return { holds: false, error: `address longer than ${most} characters, gone through in a loop within a loop` }
      // ATTACK: `?as=1&as=2` must not answer `!has(request.query.as)`: the upstream reads one of the two.
      const doubtful = context.unclear(names)
      if (doubtful !== undefined) {
        return {
          holds: false,
          error: `query parameter "${doubtful}" stands twice, in another spelling, beside a ";", or cannot be decoded`,
        }
      }
      try {
        return { holds: parsed.run(context) === true, error: null }
      } catch (error) {
        return { holds: false, error: faultOf(error).message }
      }
    },
  }
}

/** CEL's ints are BigInts, and BigInt() throws on fractions: a decision never does. */
function whole(value: number | null | undefined): bigint {
  return typeof value === 'number' && Number.isFinite(value) ? BigInt(Math.trunc(value)) : 0n
}

/**
 * INVARIANT: an attribute of another type than is declared now refuses where it is read or asked for: `!= 3` would hold of
 * a text, and so would `!has()` of one that is taken away.
 */
function readable(attributes: Attributes, declared: AttributeTypes): Attributes {
  const odd = retyped(attributes, declared)
  if (odd.length === 0) return attributes
  const refusing = odd.map((name) => {
    const get = () => {
      throw new Error(
        `attribute "${name}" is stored as ${typeof attributes[name]}, declared as ${declared[name]?.type}`,
      )
    }
    return [name, { get, enumerable: true }] as const
  })
  return Object.defineProperties({ ...attributes }, Object.fromEntries(refusing))
}

/**
 * What a condition sees of the caller.
 *
 * @param roles - those that the policy knows
 */
export function callerContext(
  subject: Subject | null,
  roles: readonly string[],
  permissions: readonly string[],
  level: number | null,
  declared: AttributeTypes,
): Pick<ConditionContext, 'user' | 'session'> {
  const user = subject === null || subject.kind === 'fixed-token' ? null : subject.user
  const session = subject !== null && subject.kind === 'session' ? subject.session : null
  // ATTACK: a token limited to one permission must not pass by its owner's role or level.
  const limited = subject?.kind === 'token' && subject.token.scopes !== null
  return {
    user: {
      id: user?.id ?? '',
      signedIn: subject !== null,
      guest: user?.guest ?? false,
      name: user?.profile.name ?? '',
      email: user?.profile.email ?? '',
      emailVerified: user?.profile.emailVerified ?? false,
      roles: limited ? [] : roles,
      permissions,
      level: whole(limited ? -1 : (level ?? -1)),
      createdAt: whole(user?.createdAt),
      attributes: readable(user?.attributes ?? {}, declared),
    },
    session: {
      kind: subject?.kind ?? 'none',
      provider: session?.provider ?? '',
      client: session?.client ?? '',
      country: session?.country ?? '',
      createdAt: whole(session?.createdAt),
      authTime: whole(session === null ? null : signedInAt(session)),
      ...(session === null || session.character === null ? {} : { character: { ...session.character } }),
    },
  }
}

/** What a condition sees of the request. */
export function requestContext(request: {
  readonly method: string
  readonly host: string
  readonly path: string
  readonly address: string | null
  readonly certified?: boolean
  readonly now: Seconds
  readonly query: Readonly<Record<string, string>>
}): ConditionContext['request'] {
  const certificate = request.certified === true
  return { ...request, address: request.address ?? '', certificate, now: whole(request.now) }
}
