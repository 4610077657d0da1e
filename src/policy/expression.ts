import type { ASTNode } from '@marcbachmann/cel-js'

const MACROS: ReadonlySet<string> = new Set(['all', 'exists', 'exists_one', 'map', 'filter'])

/** The expressions directly inside one. */
export function children(node: ASTNode): readonly ASTNode[] {
  const found: ASTNode[] = []
  const collect = (value: unknown): void => {
    if (Array.isArray(value)) for (const item of value) collect(item)
    else if (typeof value === 'object' && value !== null && 'op' in value) found.push(value as ASTNode)
  }
  collect(node.args)
  return found
}

/** Every node of a parsed expression, parents first, with the number of list macros around it. */
export function* walk(node: ASTNode, macros = 0): Generator<{ readonly node: ASTNode; readonly macros: number }> {
  yield { node, macros }
  const inside = isMacro(node) ? macros + 1 : macros
  for (const child of children(node)) yield* walk(child, inside)
}

type Call = Extract<ASTNode, { readonly op: 'rcall' }>

/** Whether a node goes through a list. */
export function isMacro(node: ASTNode): node is Call {
  return node.op === 'rcall' && MACROS.has(String(node.args[0]))
}

/** Whether a node is the request itself. */
export function isRequest(node: ASTNode): boolean {
  return node.op === 'id' && node.args === 'request'
}

function contains(root: ASTNode, wanted: (node: ASTNode) => boolean): boolean {
  return [...walk(root)].some(({ node }) => wanted(node))
}

/** Whether a list that a client makes as long as it likes is gone through, and for each of its items another one is, or all of the request. */
export function loopsTwice(root: ASTNode): boolean {
  return contains(root, (node) => {
    if (!isMacro(node)) return false
    const [, list, body] = node.args
    return contains(list, isRequest) && body.some((part) => contains(part, (at) => isMacro(at) || isRequest(at)))
  })
}
