import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { ExitCode, Io } from '../../../src/cli/io.ts'
import { run } from '../../../src/cli/main.ts'

/** What a command printed, and how it ended. */
export interface Ran {
  readonly code: ExitCode
  readonly out: string
  readonly err: string
}

/** A deployment in a folder of its own, and the command line in it. */
export interface Deployment {
  readonly folder: string
  write(path: string, text: string): void
  read(path: string): string
  /** Runs `postern <line>`; words are separated by single blanks. */
  postern(line: string, env?: Io['env'], reader?: Io['reader']): Promise<Ran>
}

/** Files of a small deployment that has no problem. */
export const SOUND: Readonly<Record<string, string>> = {
  'hono.config.ts': `export default {
  origin: 'https://play.example.com',
  upstreams: { game: { url: 'https://game.internal.example' } },
  providers: {
    google: { clientId: '1234.apps.googleusercontent.com', clientSecret: { secret: 'GOOGLE_CLIENT_SECRET' } },
  },
}
`,
  'policies/roles.yaml': `users:
  defaultRole: player
permissions: [players.view, players.edit, admin.users]
roles:
  player: { level: 1, permissions: [players.view] }
  editor: { level: 2, inherits: player, permissions: [players.edit] }
  boss: { level: 9, permissions: ["*"] }
`,
  'policies/game.yaml': `upstream: game
rules:
  - path: /
    access: public
  - path: /play
  - path: /players
    methods: GET
    permission: players.view
  - path: /players/:id
    methods: GET
    permission: players.view
    params: { id: int }
  - path: /players/:id
    methods: PATCH
    permission: players.edit
    character: selected
    params: { id: int }
  - path: /admin/*
    permission: admin.users
tests:
  - name: players are for players
    request: GET /players
    expect: { nobody: 401, player: allow }
  - name: editors edit
    request: PATCH /players/7
    expect: { player: 403, editor+character: allow }
`,
}

/** Makes a deployment of these files in a folder that is gone after the test. */
export function deployment(files: Readonly<Record<string, string>> = SOUND): Deployment {
  const folder = mkdtempSync(join(tmpdir(), 'postern-cli-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  for (const [path, text] of Object.entries(files)) write(path, text)
  return {
    folder,
    write,
    read: (path) => readFileSync(join(folder, path), 'utf8'),
    async postern(line, env = {}, reader = 'program') {
      const out: string[] = []
      const err: string[] = []
      const io: Io = { cwd: folder, env, reader, out: (text) => out.push(text), err: (text) => err.push(text) }
      const code = await run(line.split(' '), io)
      return { code, out: out.join('\n'), err: err.join('\n') }
    },
  }
}

/** The sound deployment with some files in the place of others, or beside them. */
export function soundWith(files: Readonly<Record<string, string>>): Deployment {
  return deployment({ ...SOUND, ...files })
}

/** A policy file of the sound deployment with one text replaced; fails when the text is not there. */
export function changed(path: string, from: string, to: string): Readonly<Record<string, string>> {
  const text = SOUND[path] ?? ''
  if (!text.includes(from)) throw new Error(`${path} does not contain ${from}`)
  return { [path]: text.replace(from, to) }
}
