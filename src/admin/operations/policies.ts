import { policyMisfits } from '../../config/fit.ts'
import type { Reader } from '../../config/reader.ts'
import type { Permission } from '../../core/brand.ts'
import { err, ok, type Result } from '../../core/result.ts'
import { canonicalJson, readBundle } from '../../policy/bundle.ts'
import { canAccess } from '../../policy/decide.ts'
import type { PolicyBundle } from '../../policy/model.ts'
import { loadPolicy } from '../../policy/policy.ts'
import type { PolicyVersion } from '../../ports/policy-store.ts'
import { type Call, noteOf, type Outcome, refused } from './call.ts'
import { type Operation, operation, optionalBounded, shownTime } from './define.ts'
import type { View } from './views.ts'

const HISTORY = 50

/** Puts a policy in force: every process serves it within 10 s. A bad one changes nothing (DECISIONS 34). */
export async function pushPolicy(call: Call, input: { readonly bundle: unknown }): Promise<Outcome<View>> {
  const checked = await checkedBundle(call, canonicalJson(input.bundle))
  if (!checked.ok) {
    await refusedPush(call, input.bundle)
    return refused('bad-policy', checked.fault.hint, { problems: checked.fault.problems })
  }
  const { store, runtime } = call.gateway
  const bundle = checked.value
  const lost = lostRoles(call, bundle)
  if (lost.length > 0) {
    await refusedPush(call, input.bundle)
    return refused('bad-policy', 'built-in roles stay, under their names: say system: false first', { problems: lost })
  }
  const before = await store.policies.active()
  const serving = call.gateway.policy().hash
  if (call.mode === 'rehearse') return ok({ hash: bundle.hash, rules: bundle.rules.length, replaces: serving })
  const version: PolicyVersion = {
    hash: bundle.hash,
    // WHY: pushed twice, a version must not become its own predecessor.
    parent: before === bundle.hash ? ((await store.policies.read(before))?.parent ?? null) : before,
    bundle: canonicalJson(bundle),
    pushedAt: runtime.now(),
    active: true,
  }
  await store.policies.push(
    version,
    noteOf(call, 'policy-changed', null, { from: serving, to: bundle.hash, how: 'push' }),
  )
  return ok({ hash: bundle.hash, rules: bundle.rules.length, replaces: serving })
}

/** The deployment's own policy serves again. */
export async function unpushPolicy(call: Call): Promise<Outcome<View>> {
  const { store } = call.gateway
  const before = await store.policies.active()
  if (before === null) return ok({ unpushed: null, changed: false })
  if (call.mode === 'rehearse') return ok({ unpushed: before, changed: true })
  await store.policies.activate(null, noteOf(call, 'policy-changed', null, { from: before, to: null, how: 'unpush' }))
  return ok({ unpushed: before, changed: true })
}

/** A version pushed earlier serves again: the named one, else the one before the version in force. */
export async function rollbackPolicy(call: Call, input: { readonly hash: string | null }): Promise<Outcome<View>> {
  const { store } = call.gateway
  const active = await store.policies.active()
  const hash = input.hash ?? (active === null ? null : ((await store.policies.read(active))?.parent ?? null))
  if (hash === null)
    return refused('not-found', 'no version was pushed before this one: use unpush, or name one of `policies.history`')
  const version = await store.policies.read(hash)
  if (version === null)
    return refused('not-found', 'name a version of `policies.history`', { where: 'hash', what: hash })
  const checked = await checkedBundle(call, version.bundle)
  if (!checked.ok) return refused('bad-policy', checked.fault.hint, { problems: checked.fault.problems })
  if (call.mode === 'rehearse') return ok({ hash, replaces: active })
  const audit = noteOf(call, 'policy-changed', null, { from: active, to: hash, how: 'rollback' })
  if (!(await store.policies.activate(hash, audit))) return refused('not-found', 'the version is gone', { what: hash })
  return ok({ hash, replaces: active })
}

/** What serves here, what the deployment itself holds, what was pushed, and why the newest of them does not serve. */
export async function policyStatus(call: Call): Promise<Outcome<View>> {
  const { bundle } = call.gateway.policy()
  const own = call.gateway.ownPolicy()
  const pushed = await call.gateway.store.policies.active()
  return ok({
    serving: bundle.hash,
    rules: bundle.rules.length,
    roles: bundle.roles.map(({ name }) => name),
    own: own.hash,
    pushed,
    waits: own.waits,
    problem: call.gateway.degraded(),
  })
}

/** The versions pushed last, the newest first. */
export async function policyHistory(call: Call): Promise<Outcome<View>> {
  const versions = await call.gateway.store.policies.history(HISTORY)
  return ok({
    versions: versions.map(({ hash, parent, pushedAt, active }) => {
      return { hash, parent, pushed: shownTime(pushedAt), active }
    }),
  })
}

/** A whole policy, as `compile` writes it: the one that serves here, or a version pushed earlier. */
export async function showPolicy(call: Call, input: { readonly hash: string | null }): Promise<Outcome<View>> {
  const { bundle } = call.gateway.policy()
  if (input.hash === null || input.hash === bundle.hash) return ok({ hash: bundle.hash, bundle })
  const version = await call.gateway.store.policies.read(input.hash)
  const kept = version === null ? null : await readBundle(version.bundle)
  if (kept !== null) return ok({ hash: kept.hash, bundle: kept })
  return refused('not-found', 'name a version of `policies.history`', { where: 'hash', what: input.hash })
}

/** Built-in roles of the policy in force that a bundle does not have: they are neither renamed nor deleted (seeds A7). */
function lostRoles({ gateway }: Call, bundle: PolicyBundle): readonly unknown[] {
  const kept = new Set(bundle.roles.map(({ name }) => name))
  const lost = gateway.policy().bundle.roles.filter(({ name, system }) => system && !kept.has(name))
  return lost.map(({ name }) => ({ where: `roles.${name}`, what: 'is built in, and missing' }))
}

interface BundleFault {
  readonly hint: string
  readonly problems: readonly unknown[]
}

async function checkedBundle(call: Call, json: string): Promise<Result<PolicyBundle, BundleFault>> {
  const bundle = await readBundle(json)
  if (bundle === null)
    return err({ hint: 'send what `postern compile` wrote, unchanged: its content must have its hash', problems: [] })
  try {
    const problems = policyMisfits(call.gateway.config, bundle)
    const told = problems.map(({ path, message }) => ({ where: path, what: message }))
    if (problems.length > 0) return err({ hint: 'the policy must fit this deployment', problems: told })
    rehearse(call, bundle)
  } catch (error) {
    // WHY: what `compile` never writes makes these throw; to whoever pushes it that is an outcome, not a bug of ours.
    const what = error instanceof Error ? error.message : String(error)
    return err({ hint: 'send what `postern compile` wrote', problems: [{ where: 'bundle', what }] })
  }
  return ok(bundle)
}

/** Loads a bundle and decides its own routes once, for nobody and for somebody who may everything: what breaks, breaks here. */
function rehearse({ gateway }: Call, bundle: PolicyBundle): void {
  const policy = loadPolicy(bundle, gateway.config.attributes)
  const token = { id: 'rehearsal', name: 'rehearsal', scopes: ['*' as Permission], fixed: true }
  const at = { host: gateway.config.host, now: gateway.runtime.now(), address: null }
  for (const { path, methods } of bundle.rules) {
    const method = methods[0] ?? 'GET'
    canAccess(policy, null, method, path, at)
    canAccess(policy, { kind: 'fixed-token', token }, method, path, at)
  }
}

async function refusedPush(call: Call, bundle: unknown): Promise<void> {
  if (call.mode === 'rehearse') return
  const named =
    typeof bundle === 'object' && bundle !== null && 'hash' in bundle ? String(bundle.hash).slice(0, 80) : null
  const to = named !== null && /^sha256:[0-9a-f]{64}$/.test(named) ? named : null
  const audit = noteOf(call, 'policy-refused', null, { from: call.gateway.policy().hash, to })
  await call.gateway.store.audit.append(audit)
}

function namedVersion(read: Reader): { readonly hash: string | null } {
  return { hash: read.raw('hash') === null ? null : optionalBounded(read, 'hash', 80) }
}

/** Operations about the policy in force. */
export const policyOperations: readonly Operation[] = [
  operation(
    { name: 'policies.push', effect: 'write', needs: 'operator' },
    (read) => {
      const bundle = read.raw('bundle')
      if (typeof bundle !== 'object' || bundle === null) read.fault('bundle', 'must be a compiled policy bundle')
      return { bundle }
    },
    pushPolicy,
  ),
  operation({ name: 'policies.unpush', effect: 'write', needs: 'operator' }, () => ({}), unpushPolicy),
  operation({ name: 'policies.rollback', effect: 'write', needs: 'operator' }, namedVersion, rollbackPolicy),
  operation({ name: 'policies.status', effect: 'read', needs: 'config' }, () => ({}), policyStatus),
  operation({ name: 'policies.history', effect: 'read', needs: 'config' }, () => ({}), policyHistory),
  operation({ name: 'policies.show', effect: 'read', needs: 'config' }, namedVersion, showPolicy),
]
