import { Hono } from 'hono'
import { type PosternVariables, postern } from 'postern'
import bundle from './.postern/policies.json' with { type: 'json' }
import definition from './hono.config.ts'

const gate = postern(definition, bundle)

const host = new Hono<{ Variables: PosternVariables }>()

// A route of the host, past every policy.
host.get('/about', (context) => context.text('a page of the host'))

// Routes of the host that the policies guard; each is told who asks.
host.use('/scores/*', gate.guard)
host.get('/scores/mine', (context) => {
  const { caller, rule } = context.get('postern')
  return context.json({ name: caller?.name ?? null, mayReset: caller?.may('scores.reset') ?? false, rule })
})
host.post('/scores/reset', (context) => context.json({ reset: true }))

// Everything else: Postern's own pages, and the game behind it.
host.route('/', gate.app)

/** One database of the store. */
export const StoreObject = gate.StoreObject
/** The live sockets of one session. */
export const SocketObject = gate.SocketObject
export default host
