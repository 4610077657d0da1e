import { resolve } from 'node:path'
import type { AuditNote } from '../ports/audit.ts'
import type { Gateway } from '../ports/gateway.ts'
import { deploymentProblems, StartRefused } from './build.ts'
import { compileChecked } from './folder.ts'
import { watchFolder } from './folder-watch.ts'
import type { PolicySource } from './policy-source.ts'
import { requestId } from './request-id.ts'

/** The audit note of one attempt, with the hash that served before and the one that was tried. */
function noteOf(gateway: Gateway, from: string, to: string | null): AuditNote {
  return {
    event: to === null ? 'policy-refused' : 'policy-changed',
    at: gateway.runtime.now(),
    actor: 'system',
    subject: null,
    requestId: requestId(),
    policy: from,
    detail: { by: 'reload', from, to },
  }
}

/**
 * Reloads the policies of a folder while serving: parse, lint, run the tests, ask what a start asks, then switch; never
 * half of a change. Every attempt is written to the audit log.
 */
export function watchPolicies(folder: string, gateway: Gateway, source: PolicySource): { close(): void } {
  const reload = async () => {
    const from = source.current.hash
    let to: string | null = null
    try {
      const bundle = await compileChecked(folder, gateway.config)
      // INVARIANT: what serves after a reload, the next start takes too.
      const problems = deploymentProblems(gateway.config, bundle)
      if (problems.length > 0) throw new StartRefused(problems)
      source.useOwn(bundle)
      to = bundle.hash
    } catch (error) {
      // WHY: a file that vanishes between listing and reading is a problem of the files too: the old policy serves on.
      source.refuse(error instanceof Error ? error.message : String(error))
    }
    await gateway.store.audit.append(noteOf(gateway, from, to))
  }
  return watchFolder(resolve(folder, gateway.config.policies), (work) => gateway.runtime.background(work), reload)
}
