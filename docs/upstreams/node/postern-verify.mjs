// Who the gateway says is asking, without the package of the gateway: npm install jose
import { createRemoteJWKSet, jwtVerify } from 'jose'

const issuer = process.env.POSTERN_ISSUER // https://play.example.com/auth
const audience = process.env.POSTERN_AUDIENCE // the name of this upstream
const jwks = new URL(process.env.POSTERN_JWKS ?? `${issuer}/.well-known/jwks.json`)
const keys = createRemoteJWKSet(jwks, { cooldownDuration: 60_000 })

/** The claims of the player; throws for everything that is not to be believed. */
export async function verify(assertion) {
  const { payload } = await jwtVerify(assertion, keys, {
    issuer,
    audience,
    algorithms: ['ES256', 'EdDSA'],
    clockTolerance: 10,
    maxTokenAge: 120,
    requiredClaims: ['sub', 'iat', 'exp'],
  })
  return payload
}
