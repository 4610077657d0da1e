import type { PageTemplates } from '../core/page-template.ts'
import type { AdminAction, AskingProxy, NativeFlow, SecretName } from '../ports/config.ts'

/** Names a secret: its value comes from the environment variable, or from the file that `<NAME>_FILE` names. */
export function secret(name: string): SecretName {
  return { secret: name }
}

/** A duration: seconds as a number, or text such as `30s`, `8h`, `7d`. */
export type Duration = number | `${number}${'s' | 'm' | 'h' | 'd'}`

/** An upstream as its author writes it. */
export interface UpstreamInput {
  readonly url: string
  readonly dialects?: readonly string[]
  readonly audience?: string
  readonly assertionHeader?: string
  readonly assertionLife?: Duration
  /** What it is told beside who it is: `sid`, `auth_time`, `idp`, `roles`, `permissions`, `character`, `world`, `name`, `email`, `picture`, `attribute.<name>`. */
  readonly claims?: readonly string[]
  readonly sign?: 'none' | 'message'
  /** Signs messages by HMAC-SHA256 with this shared secret instead of the gateway's key. */
  readonly messageSecret?: SecretName
  /** What a known kind of upstream reads: `colyseus`, `nakama`, `boardgame.io`, `socket.io`, `evennia`, `grafana`. */
  readonly preset?: string
  readonly stripPrefix?: string
  readonly connectTimeout?: Duration
  readonly responseTimeout?: Duration
  readonly idleTimeout?: Duration
  readonly breakerFailures?: number
  readonly breakerOpen?: Duration
  readonly healthPath?: string
  readonly healthEvery?: Duration
  readonly problemType?: 'application/problem+json' | 'application/json'
  readonly binding?: string
  readonly preserveHost?: boolean
  /** Path that events are posted to, signed: docs/upstreams/events.md. */
  readonly events?: string
  readonly caseInsensitive?: boolean
  readonly reconnectCode?: number
  readonly dangerouslyAllowHttpUpstream?: boolean
}

/** A provider as its author writes it; `options` overrides endpoints. */
export interface ProviderInput {
  readonly kind?: string
  readonly name?: string
  readonly clientId: string
  readonly clientSecret?: SecretName
  readonly scopes?: readonly string[]
  readonly options?: Readonly<Record<string, string>>
  readonly admit?: Readonly<Record<string, readonly string[]>>
  readonly freshness?: 'stated' | 'asked' | 'sign-in'
  readonly dangerouslyAllowHttp?: boolean
  readonly timeout?: Duration
}

/** Session settings; each has a default (docs/configuration.md). */
export interface SessionInput {
  readonly absolute?: Duration
  readonly idle?: Duration
  readonly sliding?: boolean
  readonly remember?: Duration
  readonly cacheSeconds?: number
  readonly touchEvery?: Duration
  readonly activityWindow?: Duration
  readonly excess?: 'evict_oldest' | 'refuse'
  readonly guest?: Duration
  readonly tellEnds?: boolean
  readonly clientHeader?: string
  readonly recordAddress?: 'whole' | 'truncated' | 'off'
}

/** A proxy that asks by forward-auth, as its author writes it. */
export interface ForwardAuthInput {
  readonly secret: SecretName
  readonly addresses?: readonly string[]
  readonly upstreams?: readonly string[]
}

/** A deployment as its author writes it; `parseConfig` is what checks it. */
export interface GatewayInput {
  readonly origin: string
  readonly hosts?: readonly string[]
  readonly brand?: { readonly name?: string; readonly homeUrl?: string; readonly appealUrl?: string }
  /** How our pages look (docs/pages.md). */
  readonly pages?: {
    /** Documents of your own, by the name of the page; `*` is for all others. */
    readonly templates?: PageTemplates
    /** Text of a style sheet of your own; it has the last word. */
    readonly style?: string
    /** Images and fonts by name, such as `logo.svg`: bytes or their base64; of a drawing the text. */
    readonly assets?: Readonly<Record<string, string | Uint8Array>>
  }
  readonly prefix?: string
  readonly upstreams: Readonly<Record<string, UpstreamInput>>
  readonly providers?: Readonly<Record<string, ProviderInput>>
  readonly session?: SessionInput
  readonly store?:
    | { readonly kind: 'embedded'; readonly file?: string; readonly shards?: number }
    | {
        readonly kind: 'redis'
        readonly url: SecretName
        readonly prefix?: string
        /** The URLs are nodes of a Redis Cluster. */
        readonly cluster?: boolean
      }
    | { readonly kind: 'upstash'; readonly url: SecretName; readonly token: SecretName; readonly prefix?: string }
  readonly signup?: 'open' | 'closed'
  readonly guests?: 'on' | 'off'
  readonly limits?: {
    readonly startsPerMinute?: number
    readonly callbacksPerMinute?: number
    readonly guestsPerHour?: number
  }
  readonly load?: { readonly guests?: number; readonly signIns?: number; readonly exempt?: readonly string[] }
  readonly sockets?: { readonly maxMessage?: number; readonly pingEvery?: Duration; readonly perSession?: number }
  readonly embed?: { readonly hosts: readonly string[]; readonly ancestors: readonly string[] }
  readonly firstAdmins?: readonly { readonly provider: string; readonly subject?: string; readonly email?: string }[]
  readonly people?: readonly {
    readonly provider: string
    readonly subject?: string
    readonly email?: string
    readonly roles: readonly string[]
  }[]
  readonly adminRole?: string
  readonly adminPermissions?: Readonly<Partial<Record<AdminAction, string>>>
  readonly assertion?: {
    readonly algorithm?: 'ES256' | 'EdDSA'
    /** Signing keys of your own; the first one signs (docs/operations.md). */
    readonly keys?: SecretName
  }
  readonly attributes?: Readonly<
    Record<
      string,
      {
        readonly type: 'string' | 'number' | 'boolean'
        readonly public?: boolean
        readonly maxLength?: number
        readonly claims?: Readonly<Record<string, string>>
      }
    >
  >
  readonly staticTokens?: readonly {
    readonly name: string
    readonly secret: SecretName
    readonly permissions: readonly string[]
  }[]
  readonly trustedProxies?: readonly string[]
  readonly clientCertificate?: { readonly header: string; readonly value: string }
  /** Proxies that ask whether a request may go through: `nginx`, `caddy`, `traefik`, `envoy` (docs/forward-auth.md). */
  readonly forwardAuth?: Readonly<Partial<Record<AskingProxy['kind'], ForwardAuthInput>>>
  /** Games, launchers and scripts that players sign in for in a browser (docs/native-clients.md). */
  readonly nativeClients?: readonly {
    readonly id: string
    readonly name: string
    readonly flows?: readonly NativeFlow[]
  }[]
  readonly platform?: 'cloudflare' | 'self'
  readonly returnOrigins?: readonly string[]
  readonly firstVisitPage?: string
  readonly nameMissingPermission?: boolean
  readonly maxCookieBytes?: number
  readonly policies?: string
}

/** Looks up a plain setting of the environment, such as a port; secrets are named by `secret()` instead. */
export type Environment = (name: string) => string | undefined

/** What `hono.config.ts` exports by default. */
export type GatewayDefinition = GatewayInput | ((environment: Environment) => GatewayInput)

/** Types the author's object, or a function of the environment; everything else is judged by `parseConfig` at start. */
export function defineGateway(definition: GatewayDefinition): GatewayDefinition {
  return definition
}

/** The object a definition stands for in an environment. */
export function resolveDefinition(definition: unknown, environment: Environment): unknown {
  return typeof definition === 'function' ? definition(environment) : definition
}
