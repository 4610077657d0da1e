import { expect, test } from 'vitest'
import { checkPolicy } from '../../src/policy/compile.ts'
import { formatProblems } from '../../src/policy/print.ts'

/** Lines of what `check` says about rules for a service that gets paths without `/cut/deep`. */
async function said(rules: string, caseInsensitive: boolean): Promise<readonly string[]> {
  const known = {
    upstreams: [{ name: 'game', stripPrefix: '/cut/deep', caseInsensitive }],
    providers: [],
    hosts: ['play.example.com'],
    attributes: {},
    prefix: '/auth',
  }
  const text = `upstream: game\nusers: { defaultRole: player }\nroles:\n  player: { level: 1, permissions: [] }\nrules:\n${rules}`
  const { problems } = await checkPolicy([{ name: 'rules.yaml', text }], known)
  return problems.length === 0 ? [] : formatProblems(problems).split('\n')
}

test.each(['/cut/deep', '/cut/deep/*', '/cut/deep/:id', '/cut/*', '/*', '/:any/deep/x', '/cut/:any/x'])(
  'a rule for %s can be sent to a service that gets paths without /cut/deep',
  async (path) => expect(await said(`  - path: ${path}\n`, false)).toEqual([]),
)

test.each(['/other/*', '/cut', '/cut/deeper', '/cut/deeper/*', '/', '/:any', '/CUT/deep'])(
  'a rule for %s cannot, and check says what would be right',
  async (path) =>
    expect(await said(`  - path: ${path}\n`, false)).toEqual([
      `rules.yaml:6:5: PST263 warning: "${path}" is never below "/cut/deep", which upstream "game" strips: every request would be 404; write a path below it, or name another upstream`,
    ]),
)

test('letter case counts as it does for the service, and what is refused anyway is not sent', async () => {
  expect(await said('  - path: /CUT/Deep/x\n', true)).toEqual([])
  expect(await said('  - path: /other/*\n    access: deny\n', false)).toEqual([])
})

test('of a path that is not usable it is told what would be right, and nothing about the service', async () => {
  expect(await said('  - path: /cut/deep/ä\n', false)).toEqual([
    'rules.yaml:6:11: PST225 path "/cut/deep/ä" has no canonical form (raw-byte); write "/cut/deep/%C3%A4"',
  ])
})
