import { expect, test } from 'vitest'
import { circlesOf, graphOf } from './support/graph.ts'
import { plant, ROOT, readTree } from './support/tree.ts'

function circlesIn(tree: Readonly<Record<string, string>>): readonly (readonly string[])[] {
  return circlesOf(graphOf(readTree(plant(tree), ['src'])))
}

test('circlesOf() finds none in this repository', () => {
  expect(circlesOf(graphOf(readTree(ROOT, ['src', 'test', 'deploy', 'hono.config.ts'])))).toEqual([])
})

test('circlesOf() names a planted circle of three', () => {
  const tree = {
    'src/core/a.ts': "import './b.ts'\n",
    'src/core/b.ts': "export * from './c.ts'\n",
    'src/core/c.ts': "export const late = () => import('./a.ts')\n",
  }
  expect(circlesIn(tree)).toEqual([['src/core/a.ts', 'src/core/b.ts', 'src/core/c.ts']])
})

test('circlesOf() names a circle of types', () => {
  const tree = {
    'src/ports/a.ts': "import type { B } from './b.ts'\nexport type A = B\n",
    'src/ports/b.ts': "import type { A } from './a.ts'\nexport type B = A\n",
  }
  expect(circlesIn(tree)).toEqual([['src/ports/a.ts', 'src/ports/b.ts']])
})

test('circlesOf() names a file that imports itself', () => {
  expect(circlesIn({ 'src/core/a.ts': "import './a.ts'\n" })).toEqual([['src/core/a.ts']])
})

test('circlesOf() lets two roads to one file pass', () => {
  const tree = {
    'src/core/a.ts': "import './b.ts'\nimport './c.ts'\n",
    'src/core/b.ts': "import './d.ts'\n",
    'src/core/c.ts': "import './d.ts'\n",
    'src/core/d.ts': 'export const d = 1\n',
  }
  expect(circlesIn(tree)).toEqual([])
})
