// Whether the gateway in this container answers. It serves its own host only, so 421 for the loopback name is an answer, too.
import { get } from 'node:http'

const port = process.env.PORT || '8787'
const healthy = [200, 421]
const asked = get({ host: '127.0.0.1', port, path: '/auth/livez', timeout: 2000 }, ({ statusCode }) =>
  process.exit(healthy.includes(statusCode) ? 0 : 1),
)
asked.on('timeout', () => process.exit(1))
asked.on('error', () => process.exit(1))
