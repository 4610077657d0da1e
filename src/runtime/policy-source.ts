import { readBundle } from '../policy/bundle.ts'
import type { PolicyBundle } from '../policy/model.ts'
import { loadPolicy, type Policy } from '../policy/policy.ts'
import type { OwnPolicy } from '../ports/gateway.ts'
import type { PolicyStore } from '../ports/policy-store.ts'
import type { Runtime } from '../ports/runtime.ts'

/** Milliseconds after which the pushed version is looked at beside a request, and before one (DECISIONS 34). */
const LOOK_AFTER = 4_000
const WAIT_AFTER = 10_000
/** What an edit that seems to do nothing is told with. */
const WAITS = 'the files have changed, and the pushed version serves on: push them, or run `postern unpush`'
/** Longest a request waits for that look. */
const WAIT_LIMIT = 200

/**
 * Which policy is in force: the one pushed to the store, else the deployment's own. A bad one leaves the old serving and
 * says so in readiness; a request keeps the one it began with.
 */
export class PolicySource {
  readonly #store: PolicyStore
  readonly #runtime: Pick<Runtime, 'ticks' | 'background' | 'observe'>
  #own: Policy
  #current: Policy
  #checkedAt = Number.NEGATIVE_INFINITY
  #lookedAt = Number.NEGATIVE_INFINITY
  /** Hash of the pushed version that stands before the own files; null when none does, or none can serve. */
  #pushed: string | null = null
  /** Hash of edited own files that a pushed version keeps from serving. */
  #waits: string | null = null
  #ownProblem: string | null = null
  #pushProblem: string | null = null
  /** Whether the last look a request waited for came to nothing. */
  #isSilent = false
  #switched: () => void = () => undefined

  constructor(own: Policy, store: PolicyStore, runtime: Pick<Runtime, 'ticks' | 'background' | 'observe'>) {
    this.#own = own
    this.#current = own
    this.#store = store
    this.#runtime = runtime
  }

  /** The policy in force. */
  get current(): Policy {
    return this.#current
  }

  /** Why the newest policy does not serve, be it pushed or the own one that an unpush or a start would take; null when it does. */
  get problem(): string | null {
    return this.#pushProblem ?? this.#ownProblem ?? (this.#isSilent ? 'the store does not say what was pushed' : null)
  }

  /** The deployment's own policy, and what is to be done where it was edited and a pushed version serves on. */
  get own(): OwnPolicy {
    return { hash: this.#own.hash, waits: this.#waits === null ? null : WAITS }
  }

  /** Whom to tell when another policy is in force; processes only: an isolate's sockets belong to requests of their own. */
  whenSwitched(switched: () => void): void {
    this.#switched = switched
  }

  /** The deployment's own files changed: they serve at once, unless a pushed version does. */
  useOwn(bundle: PolicyBundle): void {
    this.#own = loadPolicy(bundle, this.#own.attributes)
    this.#ownProblem = null
    this.#waits = this.#pushed === null || this.#pushed === bundle.hash ? null : bundle.hash
    if (this.#pushed === null) this.#switch(this.#own)
    else if (this.#pushed !== bundle.hash)
      this.#runtime.observe({ kind: 'policy-waits', hash: bundle.hash, pushed: this.#pushed, hint: WAITS })
  }

  /** The deployment's own files have problems: the old policy goes on serving. */
  refuse(reason: string): void {
    this.#ownProblem = reason
    this.#runtime.observe({ kind: 'policy-refused', reason })
  }

  /** Whether the pushed version was looked at a moment ago, so that `keepFresh` would do nothing. */
  get isFresh(): boolean {
    return this.#runtime.ticks() - this.#checkedAt < LOOK_AFTER
  }

  /** Keeps the policy fresh; call it before a request is judged. Returns at once unless it has not been looked at for long. */
  keepFresh(): Promise<void> | null {
    const now = this.#runtime.ticks()
    const age = now - this.#checkedAt
    // WHY: of a store that is silent one is asked now and then, and nobody waits: each would spend a part of the time in which
    // they are to be told (SPEC 10).
    const waits = age >= WAIT_AFTER && !this.#isSilent
    if (age < LOOK_AFTER || (!waits && now - this.#lookedAt < LOOK_AFTER)) return null
    this.#lookedAt = now
    const looked = this.#waitFor(this.look())
    return waits ? looked : null
  }

  /** Waits for a look, not for long: a silent store must not hold players up; the old policy serves and readiness tells. */
  async #waitFor(look: Promise<void>): Promise<void> {
    this.#runtime.background(look)
    const limit = new Promise<false>((resolve) => setTimeout(resolve, WAIT_LIMIT, false))
    const heard = look.then(
      () => true,
      () => false,
    )
    const isHeard = await Promise.race([heard, limit])
    if (!isHeard) this.#isSilent = true
  }

  /** Like `keepFresh`, and waits: for whoever looks seldom, so that what is looked at is never older than the two together. */
  async freshen(): Promise<void> {
    if (this.#runtime.ticks() - this.#checkedAt < LOOK_AFTER) return
    await this.#waitFor(this.look())
  }

  /** Looks at the pushed version now. */
  async look(): Promise<void> {
    const wanted = await this.#store.active()
    this.#checkedAt = this.#runtime.ticks()
    this.#isSilent = false
    if (wanted === null || this.#own.bundle.parent === wanted) return this.#serve(this.#own, null)
    if (wanted === this.#current.hash) return this.#serve(this.#current, wanted)
    const version = await this.#store.read(wanted)
    const bundle = version === null ? null : await readBundle(version.bundle)
    if (bundle === null || bundle.hash !== wanted) return this.#refusePushed(wanted, 'is missing or damaged')
    try {
      this.#serve(loadPolicy(bundle, this.#own.attributes), wanted)
    } catch (error) {
      this.#refusePushed(wanted, `cannot be loaded: ${error instanceof Error ? error.message : String(error)}`)
    }
  }

  #serve(next: Policy, pushed: string | null): void {
    if (pushed !== this.#pushed) this.#waits = null
    this.#pushed = pushed
    this.#pushProblem = null
    this.#switch(next)
  }

  #refusePushed(hash: string, fault: string): void {
    this.#pushProblem = `pushed version ${hash} ${fault}`
    this.#runtime.observe({ kind: 'policy-refused', reason: this.#pushProblem })
  }

  #switch(next: Policy): void {
    const before = this.#current
    this.#current = next
    if (next.hash === before.hash) return
    this.#runtime.observe({ kind: 'policy-loaded', hash: next.hash, rules: next.bundle.rules.length })
    this.#switched()
  }
}
