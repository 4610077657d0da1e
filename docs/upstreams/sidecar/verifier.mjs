// 204 and who is asking for what the gateway vouches for, 401 for everything else: node verifier.mjs
import { createServer } from 'node:http'
import { verify } from '../node/postern-verify.mjs'

createServer(async (request, response) => {
  try {
    const { sub, roles = [] } = await verify(request.headers['postern-assertion'])
    const groups = roles.map((role) => encodeURIComponent(role)).join(',')
    response.writeHead(204, { 'Remote-User': encodeURIComponent(sub), 'Remote-Groups': groups })
  } catch {
    response.writeHead(401)
  }
  response.end()
}).listen(Number(process.env.PORT ?? 3001), '127.0.0.1')
