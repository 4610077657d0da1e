import { basename } from 'node:path'
import { isThisMachine } from '../core/address.ts'
import { makeSecret, OWN_SECRETS, type OwnSecret } from './secrets-made.ts'

/** What a new deployment is made of. */
export interface Starter {
  readonly folder: string
  readonly origin: string
  readonly upstreams: readonly (readonly [name: string, url: string])[]
  readonly providers: readonly string[]
  /** `repository`: the sources of Postern are in the folder, so its types are at hand. */
  readonly place: 'repository' | 'elsewhere'
}

/** Stands where only the operator knows the value; `doctor` finds it. */
export const PLACEHOLDER = 'REPLACE_ME'

/** Kinds of providers that `init` can write, with the options they cannot do without. */
export const PROVIDERS: Readonly<Record<string, readonly string[]>> = {
  google: [],
  discord: [],
  github: [],
  apple: ['teamId', 'keyId'],
  slack: [],
  microsoft: [],
  x: [],
  facebook: [],
  linkedin: [],
  twitch: [],
  oidc: ['issuer'],
}

/** The variable that holds a provider's secret. */
export function secretNameOf(provider: string): string {
  return provider === 'apple' ? 'APPLE_PRIVATE_KEY' : `${provider.toUpperCase()}_CLIENT_SECRET`
}

function providerText(id: string): string {
  const options = PROVIDERS[id] ?? []
  const written = options.map((name) => `${name}: '${name === 'issuer' ? 'https://id.example.com' : PLACEHOLDER}'`)
  const more = written.length === 0 ? '' : `\n      options: { ${written.join(', ')} },`
  return `    ${id}: {
      clientId: '${PLACEHOLDER}',
      clientSecret: secret('${secretNameOf(id)}'),${more}
    },`
}

/** `hono.config.ts` of a new deployment. */
export function configText({ origin, upstreams, providers, place }: Starter): string {
  const isRepository = place === 'repository'
  const head = isRepository
    ? "import { defineGateway, secret } from './src/config/define.ts'\n"
    : '/** Names a secret: its value is in the environment, or in a file that NAME_FILE names; wrangler and postern look into .dev.vars too. */\nconst secret = (name: string) => ({ secret: name })\n'
  const services = upstreams.map(([name, url]) => {
    const { protocol, hostname } = new URL(url)
    const isPlain = protocol === 'http:' && !isThisMachine(hostname)
    return `    ${/^[a-z]+$/.test(name) ? name : `'${name}'`}: { url: '${url}'${isPlain ? ', dangerouslyAllowHttpUpstream: true' : ''} },`
  })
  const ways = providers.length === 0 ? '' : `  providers: {\n${providers.map(providerText).join('\n')}\n  },\n`
  return `${head}
export default ${isRepository ? 'defineGateway(' : ''}{
  // What players type into the address bar.
  origin: '${origin}',
  // The services behind the gateway; rules in policies/ say which one a request goes to.
  upstreams: {
${services.join('\n')}
  },
${ways}}${isRepository ? ')' : ''}
`
}

/** `policies/roles.yaml` of a new deployment. */
export function rolesText(): string {
  return `# Who can do what. Rules in the other files ask for these permissions.

users:
  defaultRole: player # every new player

# The whole catalogue: a name that is not listed here is a typo.
permissions: [players.view, admin.system]

roles:
  player: { level: 1, permissions: [players.view] }
  admin: { level: 9, permissions: ["*"] }
`
}

/** `policies/<upstream>.yaml` of a new deployment; the first one takes every path. */
export function rulesText(upstream: string, which: 'first' | 'further'): string {
  if (which === 'further') {
    return `upstream: ${upstream}

rules:
  # Everything below /${upstream} asks for a sign-in.
  - path: /${upstream}/*
    permission: players.view
`
  }
  return `# What no rule names is refused.

upstream: ${upstream}

rules:
  # The front page is open to everybody.
  - path: /
    methods: GET
    access: public

  # Everything else asks for a sign-in, and administration for a permission.
  - path: /*
  - path: /admin/*
    permission: admin.system

tests:
  - name: the front page is open
    request: GET /
    expect: { nobody: allow, player: allow }
  - name: playing needs a session
    request: GET /play
    expect: { nobody: 401, player: allow }
  - name: administration is for admins
    request: GET /admin/players
    expect: { nobody: 401, player: 403, admin: allow }
`
}

/** Why the files of these upstreams would get into each other's way, or into that of the gateway; null when they do not. */
export function clashOf(upstreams: Starter['upstreams']): string | null {
  const [first = '', ...further] = upstreams.map(([name]) => name)
  if (first === 'roles' || further.includes('roles'))
    return '"roles" would have its rules in policies/roles.yaml, which is for the roles; name it otherwise'
  if (further.includes('auth'))
    return '"auth" would have its rules below /auth, which are the gateway\'s own addresses; name it otherwise, or first'
  return further.includes('admin')
    ? `"admin" would have its rules below /admin, which "${first}" has already; name it otherwise, or first`
    : null
}

/** `wrangler.toml` of a new deployment: the Worker, its store, and the policies compiled before every bundle. */
export function wranglerText({ folder, origin }: Starter): string {
  const name =
    basename(folder)
      .toLowerCase()
      .replaceAll(/[^a-z0-9-]+/g, '-')
      .replaceAll(/^-+|-+$/g, '') || 'postern'
  const { port } = new URL(origin)
  return `name = "${name.slice(0, 54)}"
main = "src/runtime/workers.ts"
compatibility_date = "2026-08-01"
compatibility_flags = ["nodejs_compat", "enable_request_signal"]
# Functions keep their own names anyway; the helper that would write them once more runs for each that a request makes.
keep_names = false

# The policies are compiled before every bundle; in development a bad file leaves the last good bundle serving.
[build]
command = "node bin/postern.mjs compile --keep-last-good"
watch_dir = ["policies"]

[[durable_objects.bindings]]
name = "STORE"
class_name = "StoreObject"

# The live sockets of one session each; without this binding only rules with \`websocket: { lease: off }\` take sockets.
[[durable_objects.bindings]]
name = "SOCKETS"
class_name = "SocketObject"

[[migrations]]
tag = "v1"
new_sqlite_classes = ["StoreObject"]

[[migrations]]
tag = "v2"
new_sqlite_classes = ["SocketObject"]

[dev]
port = ${port === '' ? '8787' : port}
ip = "127.0.0.1"
`
}

/** `.dev.vars` of a new deployment: fresh secrets, and a line for each secret only the operator knows. */
export function varsText(providers: readonly string[]): string {
  const own = (Object.keys(OWN_SECRETS) as OwnSecret[]).map(
    (name) => `# ${OWN_SECRETS[name]}\n${name}="${makeSecret()}"\n`,
  )
  const theirs = providers.map((id) => `# from the console of ${id}; remove the # in front\n# ${secretNameOf(id)}=""\n`)
  return [...own, ...theirs].join('\n')
}

/** Names that must never be committed. */
export const IGNORED: readonly string[] = ['.dev.vars', '.postern', '.wrangler', 'node_modules']
