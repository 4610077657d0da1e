/** The Worker that tests in workerd belong to: the Durable Object classes, and nothing to ask over HTTP. */
export { StoreObject } from '../../src/runtime/store-object.ts'

export default {
  fetch(): Response {
    return new Response('tests only', { status: 404 })
  },
}
