import { GivenKeyProblem, givenRing, givenSigner } from '../adapters/jose/given.ts'
import { hmacMessageSigner, joseSigner, type KeyedSigner } from '../adapters/jose/signer.ts'
import { makeProviders, providerProblem } from '../adapters/oauth/providers.ts'
import { countingMetrics } from '../adapters/telemetry/metrics.ts'
import { resolveDefinition } from '../config/define.ts'
import { policyMisfits } from '../config/fit.ts'
import { parseConfig } from '../config/parse.ts'
import type { ConfigProblem } from '../config/reader.ts'
import { readSecrets, type SecretPlace, type SecretSource, type Secrets } from '../config/secrets.ts'
import { parseSigningKeys } from '../config/signing-keys.ts'
import type { Permission } from '../core/brand.ts'
import { base64url, digest, fromBase64url, sha256, utf8 } from '../core/bytes.ts'
import { cookieNames } from '../core/own-cookies.ts'
import type { TokenGrant } from '../core/person.ts'
import type { MessageSigner } from '../identity/message-signature.ts'
import { receiverProblems } from '../identity/receiver-problems.ts'
import type { PolicyBundle } from '../policy/model.ts'
import { loadPolicy, type Policy } from '../policy/policy.ts'
import type { Config } from '../ports/config.ts'
import type { Gateway } from '../ports/gateway.ts'
import type { KeyRing } from '../ports/key-ring.ts'
import type { Flights } from '../ports/memory.ts'
import type { Metrics } from '../ports/metrics.ts'
import type { Observation } from '../ports/observation.ts'
import type { Runtime } from '../ports/runtime.ts'
import type { Signer } from '../ports/signer.ts'
import type { Store } from '../ports/store.ts'
import type { UpstreamClient } from '../ports/upstream.ts'
import { apiTokenMac } from '../session/api-token.ts'
import { SessionCache } from '../session/cache.ts'
import { separateFlights } from '../session/flights.ts'
import { secretFinder } from '../session/secret-finder.ts'
import { readToken, tokenMac } from '../session/token.ts'
import { identityWriter } from './identity-writer.ts'
import { PolicySource } from './policy-source.ts'

/** A deployment that cannot start: every reason at once, for the operator. */
export class StartRefused extends Error {
  override readonly name = 'StartRefused'
  readonly problems: readonly ConfigProblem[]
  constructor(problems: readonly ConfigProblem[]) {
    super(problems.map(({ path, message }) => `hono.config.ts: PST501 ${path} ${message}`).join('\n'))
    this.problems = problems
  }
}

/** A configuration that can serve, with the secrets it names. */
export interface Prepared {
  readonly config: Config
  readonly secrets: Secrets
  readonly policy: Policy
}

/** Sessions a process or isolate may remember (research: perf.md section 3). */
const REMEMBERED_SESSIONS = 20_000

/**
 * Checks everything a deployment is made of.
 *
 * @throws StartRefused with every problem
 */
export function prepare(
  definition: unknown,
  bundle: PolicyBundle,
  source: SecretSource,
  place: SecretPlace = 'machine',
): Prepared {
  const parsed = parseConfig(resolveDefinition(definition, source))
  if (!parsed.ok) throw new StartRefused(parsed.fault)
  const config = parsed.value
  const secrets = readSecrets(config, source, place)
  const problems = [...(secrets.ok ? [] : secrets.fault), ...deploymentProblems(config, bundle)]
  if (!secrets.ok || problems.length > 0) throw new StartRefused(problems)
  return { config, secrets: secrets.value, policy: loadPolicy(bundle, config.attributes) }
}

/** What of a configuration cannot work, by itself or with a policy bundle; the CLI and a reload ask the same. */
export function deploymentProblems(config: Config, bundle: PolicyBundle): readonly ConfigProblem[] {
  const impossible = config.providers.flatMap((provider) => {
    const message = providerProblem(provider, globalThis)
    return message === null ? [] : [{ path: `providers.${provider.id}`, message }]
  })
  const unwritable = config.upstreams.flatMap((upstream) =>
    receiverProblems(upstream, Object.keys(config.attributes)).map((message) => ({
      path: `upstreams.${upstream.name}`,
      message,
    })),
  )
  return [...impossible, ...unwritable, ...policyMisfits(config, bundle)]
}

/** The drivers of one runtime. */
export interface Drivers {
  readonly store: Store
  readonly runtime: Runtime
  readonly upstream: UpstreamClient
  /** Absent: the store is no file of this process. */
  readonly backup?: (stamp: string) => Promise<string>
  /** Absent: sockets are held elsewhere, such as in objects of their own. */
  readonly openSockets?: Gateway['openSockets'] & {}
  /** Absent: no request awaits a promise of another, as Workers want it. */
  readonly flights?: Flights
  /** Absent: tokens are read by WebCrypto. @param root - the root secret */
  readonly tokenReader?: (root: Uint8Array) => Gateway['readToken']
}

/** The root secret: given by the operator, or made on first run in an embedded store (DECISIONS 11). */
export async function rootSecret(
  secrets: Secrets,
  { store, runtime }: { readonly store: Pick<Store, 'keys'>; readonly runtime: Pick<Runtime, 'now' | 'random'> },
): Promise<Uint8Array<ArrayBuffer>> {
  const given = secrets.get('POSTERN_ROOT_SECRET')
  if (given !== undefined) return sha256(utf8(given))
  const now = runtime.now()
  const sealed = base64url(runtime.random(32))
  const fresh = {
    kid: 'root',
    purpose: 'root',
    algorithm: 'HKDF-SHA-256',
    sealed,
    publicJwk: '',
    createdAt: now,
    activeAt: now,
    retiredAt: null,
  } as const
  const [stored] = await store.keys.ensure('root', fresh, now)
  const root = fromBase64url(stored?.sealed ?? '')
  if (root === null || root.length < 32) throw new Error('the stored root secret is not readable')
  return root
}

async function fixedTokens(config: Config, secrets: Secrets): Promise<ReadonlyMap<string, TokenGrant>> {
  const tokens = new Map<string, TokenGrant>()
  for (const { name, secret, permissions } of config.staticTokens) {
    const scopes = permissions as readonly Permission[]
    for (const value of wordsOf(secrets, secret.secret)) {
      tokens.set(await digest(value), { id: name, name, scopes, fixed: true })
    }
  }
  return tokens
}

/** The values of a secret that may be a list. */
function wordsOf(secrets: Secrets, name: string): readonly string[] {
  const words = (secrets.get(name) ?? '').split(',').map((value) => value.trim())
  return words.filter((value) => value !== '')
}

function ownSecrets({ staticTokens }: Config, secrets: Secrets): ReadonlySet<string> {
  const names = [...staticTokens.map(({ secret }) => secret.secret), 'POSTERN_OPERATOR_KEY']
  return new Set(names.flatMap((name) => wordsOf(secrets, name)))
}

function askingProxies(config: Config, secrets: Secrets): Promise<Gateway['proxies']> {
  return Promise.all(
    config.forwardAuth.map(async (proxy) => {
      const values = wordsOf(secrets, proxy.secret.secret)
      return { proxy, digests: await Promise.all(values.map((value) => sha256(utf8(value)))) }
    }),
  )
}

/** The runtime whose observations are counted too. */
function counted(runtime: Runtime, metrics: Metrics): Runtime {
  return {
    ...runtime,
    observe(observation: Observation) {
      metrics.take(observation)
      runtime.observe(observation)
    },
  }
}

async function sharedSecretSigners(config: Config, secrets: Secrets): Promise<ReadonlyMap<string, MessageSigner>> {
  const signers = new Map<string, MessageSigner>()
  for (const { name, messageSecret } of config.upstreams) {
    if (messageSecret === null) continue
    const value = secrets.get(messageSecret.secret) ?? ''
    signers.set(name, await hmacMessageSigner(name, utf8(value)))
  }
  return signers
}

/** What signs, and the keys as operators handle them: those the operator gives, or the gateway's own. */
async function signing(
  { keys }: Config['assertion'],
  secrets: Secrets,
  own: KeyedSigner,
): Promise<{ readonly signer: Signer; readonly keyRing: KeyRing }> {
  if (keys === null) return { signer: own, keyRing: own }
  const given = parseSigningKeys(secrets.get(keys.secret) ?? '')
  if (!given.ok) throw new StartRefused([{ path: keys.secret, message: given.fault }])
  try {
    const signer = await givenSigner(given.value)
    return { signer, keyRing: givenRing(signer, own, keys.secret) }
  } catch (error) {
    if (!(error instanceof GivenKeyProblem)) throw error
    throw new StartRefused([{ path: keys.secret, message: error.message }])
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/** A gateway, and the hands that change its policy. */
export interface Built {
  readonly gateway: Gateway
  readonly policies: PolicySource
}

/** The gateway of a process or isolate: made once, after the store answered for the first time. */
export async function buildGateway({ config, secrets, policy }: Prepared, drivers: Drivers): Promise<Built> {
  const { store, upstream } = drivers
  const metrics = countingMetrics()
  const runtime = counted(drivers.runtime, metrics)
  const root = await rootSecret(secrets, drivers)
  const { algorithm } = config.assertion
  const own = joseSigner({ keys: store.keys, rootSecret: root, algorithm, runtime })
  const { signer, keyRing } = await signing(config.assertion, secrets, own)
  const policies = new PolicySource(policy, store.policies, runtime)
  const ownWords = ownSecrets(config, secrets)
  const mac = await tokenMac(root)
  const gateway: Gateway = {
    config,
    policy: () => policies.current,
    ownPolicy: () => policies.own,
    degraded: () => policies.problem,
    store,
    signer,
    keyRing,
    operatorKey: secrets.get('POSTERN_OPERATOR_KEY') ?? null,
    metrics,
    backup: drivers.backup ?? null,
    runtime,
    upstream,
    providers: makeProviders(config.providers, (name) => secrets.get(name) ?? '', runtime, globalThis),
    cookies: cookieNames(config.origin),
    mac,
    readToken: drivers.tokenReader?.(root) ?? ((value) => readToken(mac, value)),
    apiMac: await apiTokenMac(root),
    fixedTokens: await fixedTokens(config, secrets),
    isOwnSecret: (word) => ownWords.has(word),
    ownSecretsIn: secretFinder(ownWords),
    proxies: await askingProxies(config, secrets),
    sessions: new SessionCache(REMEMBERED_SESSIONS),
    flights: drivers.flights ?? separateFlights({ pause, ticks: () => runtime.ticks() }),
    identity: identityWriter(config, signer, await sharedSecretSigners(config, secrets), runtime),
    openSockets: drivers.openSockets ?? null,
  }
  return { gateway, policies }
}
