/** The leanest pass-through Worker: one fetch, nothing looked at. */
export default {
  fetch(request, env) {
    const { url, method, headers, body } = request
    return fetch(env.UPSTREAM + url.slice(url.indexOf('/', 8)), { method, headers, body, redirect: 'manual' })
  },
}
