/**
 * `postern/verify`: what an upstream needs to believe the gateway and nobody else. Depends on jose alone.
 *
 * @module
 */
export {
  type AssertionAlgorithm,
  type AssertionOptions,
  type KeySource,
  localKeys,
  remoteKeys,
  type Verified,
  type VerifiedAnonymous,
  type VerifiedUser,
  verifyAssertion,
} from './assertion.ts'
export { type GuardOptions, guard, type RefusalAnswer, receivedRequest, refusalAnswer, verifyRequest } from './http.ts'
export { type MessageOptions, type ReceivedMessage, verifyMessage } from './message-signature.ts'
export {
  type ExpressRequest,
  type ExpressResponse,
  expressGuard,
  type HonoContext,
  honoGuard,
  receivedIncoming,
} from './middleware.ts'
export { KeysUnavailable, type RefusalCode, Refused } from './refusal.ts'
