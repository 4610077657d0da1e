import { readFileSync } from 'node:fs'
import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { type PosternVariables, postern } from 'postern'
import definition from './hono.config.ts'

const gate = postern(definition, JSON.parse(readFileSync('.postern/policies.json', 'utf8')))

const host = new Hono<{ Variables: PosternVariables }>()
host.get('/about', (context) => context.text('a page of the host'))
host.use('/scores/*', gate.guard)
host.get('/scores/mine', (context) => {
  const { caller, rule } = context.get('postern')
  return context.json({ name: caller?.name ?? null, mayReset: caller?.may('scores.reset') ?? false, rule })
})
host.post('/scores/reset', (context) => context.json({ reset: true }))
host.route('/', gate.app)

serve({ fetch: host.fetch, hostname: '127.0.0.1', port: Number(process.env['PORT'] ?? 8787) })
