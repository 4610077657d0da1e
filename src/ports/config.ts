import type { Seconds } from '../core/brand.ts'
import type { PageLook } from '../core/page-file.ts'
import type { PageTemplates } from '../core/page-template.ts'

/** A secret by name: the value comes from the environment (`NAME`, or the file named by `NAME_FILE`), never from a file here. */
export interface SecretName {
  readonly secret: string
}

/** An upstream service behind the gateway. */
export interface Upstream {
  readonly name: string
  /** Origin, e.g. `http://127.0.0.1:2567`; no path, query or user-info. */
  readonly url: string
  readonly dialects: readonly string[]
  /** What its assertions and headers may say beside who it is: claims, and `attribute.<name>`; null: all but attributes. */
  readonly claims: readonly string[] | null
  /** Audience of the assertion; the name unless set. */
  readonly audience: string
  readonly assertionHeader: string
  readonly assertionSeconds: Seconds
  readonly sign: 'none' | 'message'
  /** Shared secret for HMAC message signatures; null: the gateway's own key signs. */
  readonly messageSecret: SecretName | null
  /** Removed from the front of the canonical path before forwarding; empty: nothing. */
  readonly stripPrefix: string
  readonly connectTimeoutMs: number
  readonly responseTimeoutMs: number
  readonly idleTimeoutMs: number
  /** Connections that failed in a row after which nobody is sent there for a while; 0: never. */
  readonly breakerFailures: number
  readonly breakerOpenMs: number
  /** Node and Deno: a path that is asked for every so often; null: only the traffic tells how it does. */
  readonly healthPath: string | null
  readonly healthEveryMs: number
  readonly problemType: 'application/problem+json' | 'application/json'
  /** Workers: name of a service binding used instead of `url`. */
  readonly binding: string | null
  readonly preserveHost: boolean
  /** Path that events are posted to, such as the end of guest accounts; null: it wants none. */
  readonly events: string | null
  readonly caseInsensitive: boolean
  /** Close code for sockets that should come back: 1012, or what the game's client library knows. */
  readonly reconnectCode: number
}

/** A provider as the operator configures it; endpoints are overridable for enterprise hosts and test doubles. */
export interface ProviderConfig {
  readonly id: string
  /** `google`, `discord`, `apple`, `slack`, `github`, `microsoft`, `x`, `facebook`, `linkedin`, `twitch`, `oidc`, `oauth2`. */
  readonly kind: string
  readonly name: string
  readonly clientId: string
  readonly clientSecret: SecretName | null
  readonly scopes: readonly string[] | null
  /** Endpoint overrides and preset options by name: issuer, authorization, token, userinfo, jwks, endSession, teamId, keyId... */
  readonly options: Readonly<Record<string, string>>
  /** Lists that must admit a person: e-mail domains, hosted domain, Discord guild, Slack workspace. */
  readonly admit: Readonly<Record<string, readonly string[]>>
  /** What of this provider counts as a proof of presence: what it states, what it was asked for, or any sign-in. */
  readonly freshness: 'stated' | 'asked' | 'sign-in'
  readonly dangerouslyAllowHttp: boolean
  readonly timeoutMs: number
}

/** Life of sessions; seconds. */
export interface SessionConfig {
  readonly absoluteSeconds: Seconds
  readonly idleSeconds: Seconds
  readonly sliding: boolean
  readonly rememberSeconds: Seconds | null
  readonly cacheSeconds: number
  readonly touchSeconds: Seconds
  readonly activityWindowSeconds: Seconds
  readonly excess: 'evict_oldest' | 'refuse'
  readonly guestSeconds: Seconds
  /** Whether a caller learns that a session was one, and how it ended; else it is as one that never was (seeds S28). */
  readonly tellEnds: boolean
  readonly clientHeader: string
  readonly recordAddress: 'whole' | 'truncated' | 'off'
}

/** Where records live. */
export type StoreConfig =
  | { readonly kind: 'embedded'; readonly file: string; readonly shards: number }
  | {
      readonly kind: 'redis'
      /** One URL, or several separated by commas. */
      readonly url: SecretName
      readonly prefix: string
      readonly cluster: boolean
    }
  | { readonly kind: 'upstash'; readonly url: SecretName; readonly token: SecretName; readonly prefix: string }

/** What administrators do, by the name the configuration maps a permission to. */
export type AdminAction =
  | 'users'
  | 'ban'
  | 'kick'
  | 'roles'
  | 'remove'
  | 'attributes'
  | 'characters'
  | 'tokens'
  | 'logs'
  | 'config'
  | 'system'

/** A proxy that stands in front of upstreams by itself and asks for each of its requests (DECISIONS 28). */
export interface AskingProxy {
  /** How it tells the original request, and what it understands of an answer. */
  readonly kind: 'nginx' | 'caddy' | 'traefik' | 'envoy'
  /** Proves it on every call; a list rotates. */
  readonly secret: SecretName
  /** Addresses and networks it may call from; empty: from everywhere. They only narrow. */
  readonly addresses: readonly string[]
  /** Upstreams it may be let through to. */
  readonly upstreams: readonly string[]
}

/** A way by which a program gets a session of its own: RFC 8628, or RFC 8252 with a listener on the loopback interface. */
export type NativeFlow = 'device' | 'loopback'

/** A game, launcher or script that players sign in for in a browser; a public client, which has no secret (RFC 8252 section 8.4). */
export interface NativeClient {
  readonly id: string
  /** What players read before they allow it. */
  readonly name: string
  readonly flows: readonly NativeFlow[]
}

/** The whole deployment, checked. */
export interface Config {
  /** External origin, e.g. `https://play.example.com`; never taken from a request. */
  readonly origin: string
  readonly host: string
  /** The game's name and front page, as our own pages show them, and where a ban or suspension can be contested. */
  readonly brand: { readonly name: string; readonly homeUrl: string; readonly appealUrl?: string }
  /** The operator's own documents for our pages, and what they and the built-in ones load. */
  readonly pages: { readonly templates: PageTemplates } & PageLook
  /** Additional exact hosts. */
  readonly hosts: readonly string[]
  readonly prefix: string
  readonly upstreams: readonly Upstream[]
  readonly providers: readonly ProviderConfig[]
  readonly session: SessionConfig
  readonly store: StoreConfig
  readonly signup: 'open' | 'closed'
  readonly guests: 'on' | 'off'
  /** Requests of one network: /24 of IPv4, /64 of IPv6. */
  readonly limits: {
    readonly startsPerMinute: number
    readonly callbacksPerMinute: number
    readonly guestsPerHour: number
  }
  /** Active sessions above which new guests, then new sign-ins, are asked to wait; null: never. */
  readonly load: {
    readonly guests: number | null
    readonly signIns: number | null
    /** Roles whose holders sign in all the same. */
    readonly exempt?: readonly string[]
  }
  /** Live sockets that pass through. */
  readonly sockets: {
    /** Largest message either way, bytes. */
    readonly maxMessageBytes: number
    /** Between two pings of each leg, on Node and Deno (docs/sockets.md). */
    readonly pingSeconds: Seconds
    /** Leased sockets one session or token may have open in one process, or in its socket object. */
    readonly perSession: number
  }
  /** Own hosts that are shown inside other sites (Partitioned cookies), and the origins that may show them. */
  readonly embed: { readonly hosts: readonly string[]; readonly ancestors: readonly string[] }
  readonly firstAdmins: readonly {
    readonly provider: string
    readonly subject: string | null
    readonly email: string | null
  }[]
  /** People known in advance: the roles they get when they first sign in. */
  readonly people: readonly {
    readonly provider: string
    readonly subject: string | null
    readonly email: string | null
    readonly roles: readonly string[]
  }[]
  readonly adminRole: string | null
  /** The permission each administrative action needs, as the policy calls it. */
  readonly adminPermissions: Readonly<Record<AdminAction, string>>
  readonly assertion: {
    readonly algorithm: 'ES256' | 'EdDSA'
    /** Private keys, the first of which signs; null: the gateway makes its own and keeps them in the store. */
    readonly keys: SecretName | null
  }
  readonly attributes: Readonly<
    Record<
      string,
      {
        readonly type: 'string' | 'number' | 'boolean'
        readonly public: boolean
        readonly maxLength: number
        /** The claim that sets it at each sign-in, by provider. */
        readonly claims?: Readonly<Record<string, string>>
      }
    >
  >
  readonly staticTokens: readonly {
    readonly name: string
    readonly secret: SecretName
    readonly permissions: readonly string[]
  }[]
  readonly trustedProxies: readonly string[]
  /** By which header a trusted proxy says that it verified a certificate of the client; null: none does. */
  readonly clientCertificate: { readonly header: string; readonly value: string } | null
  /** Proxies that ask by forward-auth; empty: there is no such endpoint. */
  readonly forwardAuth: readonly AskingProxy[]
  /** Programs that may ask for a session; empty: their endpoints do not exist. */
  readonly nativeClients: readonly NativeClient[]
  readonly platform: 'cloudflare' | 'self'
  readonly returnOrigins: readonly string[]
  readonly firstVisitPage: string | null
  readonly nameMissingPermission: boolean
  readonly maxCookieBytes: number
  readonly policies: string
}
