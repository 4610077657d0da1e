import { visible } from '../core/visible.ts'
import { type Problem, sorted } from './problem.ts'

/** One finding on one line: `policies/rooms.yaml:14:17: PST204 unknown permission "room.delte"; did you mean "room.delete"?` */
export function formatProblem(problem: Problem): string {
  const place = `${problem.file}:${problem.line}:${problem.column}`
  const word = problem.severity === 'warning' ? 'warning: ' : ''
  // ATTACK: names in a file of somebody else reach the terminal of whoever checks it.
  return visible(
    `${place}: ${problem.code} ${word}${problem.message}${problem.hint === null ? '' : `; ${problem.hint}`}`,
  )
}

/** Every finding on a line of its own, in the order of files and lines. */
export function formatProblems(list: readonly Problem[]): string {
  return sorted(list).map(formatProblem).join('\n')
}
