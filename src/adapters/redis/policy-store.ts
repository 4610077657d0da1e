import { seconds } from '../../core/brand.ts'
import type { PolicyStore, PolicyVersion } from '../../ports/policy-store.ts'
import { list, text, texts } from './call.ts'
import { numberOf, parseObject, textOf, textOrNull } from './codec.ts'
import type { Context } from './context.ts'
import { POLICIES } from './names.ts'
import { activatePolicy, activePolicy, listPolicies, pushPolicy, readPolicy } from './scripts/policies.ts'

function decode(operation: string, json: string, bundle: string, active: string): PolicyVersion {
  const fields = parseObject(operation, json)
  const hash = textOf(operation, fields, 'hash')
  const pushedAt = seconds(numberOf(operation, fields, 'pushedAt'))
  return { hash, parent: textOrNull(operation, fields, 'parent'), bundle, pushedAt, active: active === hash }
}

/** Pushed policy versions, all in one slot. */
export function policyStore({ calls, mutate }: Context): PolicyStore {
  return {
    async active() {
      const { parts } = await calls.run(activePolicy, POLICIES, {})
      const hash = text('policy-active', parts, 0)
      return hash === '' ? null : hash
    },
    async read(hash) {
      const operation = 'policy-read'
      const { word, parts } = await calls.run(readPolicy, POLICIES, { hash })
      if (word === 'unknown') return null
      return decode(operation, text(operation, parts, 0), text(operation, parts, 1), text(operation, parts, 2))
    },
    async push(version, audit) {
      const { hash, parent, bundle, pushedAt } = version
      const json = JSON.stringify({ hash, parent, pushedAt })
      const args = { hash, json, bundle, time: pushedAt, main: version.active ? 'active' : '' }
      await mutate({ script: pushPolicy, tag: POLICIES, audit, args: () => args, effects: () => [] })
    },
    async activate(hash, audit) {
      const args = () => ({ hash: hash ?? '' })
      const said = await mutate({ script: activatePolicy, tag: POLICIES, audit, args, effects: () => [] })
      return said.word === 'activated'
    },
    async history(limit) {
      const operation = 'policy-list'
      const { parts } = await calls.run(listPolicies, POLICIES, { most: limit })
      const active = text(operation, parts, 0)
      const rows = list(operation, parts, 1)
      return rows.map((_, at) => {
        const [json = '', bundle = ''] = texts(operation, rows, at)
        return decode(operation, json, bundle, active)
      })
    },
  }
}
