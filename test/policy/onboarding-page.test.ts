import { expect, test } from 'vitest'
import { checkPolicy } from '../../src/policy/compile.ts'
import { formatProblems } from '../../src/policy/print.ts'
import { KNOWN, ROLES } from './support.ts'

/** Lines of what `check` says about rules that send unfinished registrations to `/welcome`. */
async function said(...rules: readonly string[]): Promise<readonly string[]> {
  const lines = rules.map((rule) => `  - { ${rule} }\n`)
  const files = [
    { name: 'roles.yaml', text: ROLES },
    { name: 'rules.yaml', text: `upstream: game\nrules:\n${lines.join('')}` },
  ]
  const { problems } = await checkPolicy(files, KNOWN)
  return problems.length === 0 ? [] : formatProblems(problems).split('\n')
}

const SENT = "onboarding: { attribute: registration_completed, page: '/welcome?step=1#top' }"

test('a page behind the onboarding that sends there is told: nobody would ever get to it', async () => {
  expect(await said(`path: /*, ${SENT}`)).toEqual([
    'rules.yaml:3:5: PST265 warning: onboarding sends to "/welcome", and rule "* /*" sends from there to "/welcome" again, for ever; write a rule for "/welcome" without this onboarding',
  ])
  expect(await said(`path: /play, ${SENT}`, `path: /welcome, id: own, ${SENT}`)).toHaveLength(2)
})

test('a page with a rule of its own is none of it, nor is one that no rule of this deployment serves', async () => {
  expect(await said(`path: /*, ${SENT}`, 'path: /welcome')).toEqual([])
  expect(await said(`path: /play, ${SENT}`)).toEqual([])
  expect(await said(`path: /*, methods: POST, ${SENT}`)).toEqual([])
  expect(await said(`path: /*, mode: shadow, ${SENT}`, 'path: /welcome')).toEqual([])
  expect(
    await said(
      `path: /*, ${SENT}`,
      'path: /welcome, host: play.example.com',
      'path: /welcome, host: admin.example.com',
    ),
  ).toEqual([])
})

test('on a host of several it is told, too', async () => {
  const [line = ''] = await said(`path: /*, ${SENT}`, 'path: /welcome, host: play.example.com')
  expect(line).toContain('PST265')
})
