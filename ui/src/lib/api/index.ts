/**
 * The one way to the server: openapi-fetch typed by the API's own document. Adds the CSRF header to writes, turns
 * problem documents into `ApiError` and lost connections into `NetworkError`, and tells the session when it ended.
 */
import createClient, { type Middleware } from 'openapi-fetch'

import { early } from './early'
import { NetworkError, toApiError } from './problem'
import type { Api } from './types'

export * from './problem'
export type * from './types'

type Listener = () => void
const signedOut = new Set<Listener>()

/** Called when an authenticated call is answered 401: the session ended on the server. */
export function onSignedOut(listener: Listener): () => void {
  signedOut.add(listener)
  return () => signedOut.delete(listener)
}

let closed = false
/** From here on nothing goes to the server from this page, until it is loaded anew: it shows somebody whose session this browser no longer holds. */
export function closeApi(): void {
  closed = true
}

const guard: Middleware = {
  onRequest({ request }) {
    if (closed) throw new NetworkError('closed')
    if (request.method !== 'GET') request.headers.set('X-Frontdesk', '1')
    return request
  },
  onResponse({ response, schemaPath }) {
    if (response.status === 401 && schemaPath !== '/auth/login') signedOut.forEach((listener) => listener())
  },
  onError({ error }) {
    if (error instanceof DOMException && error.name === 'AbortError') return error
    return new NetworkError(error instanceof Error ? error.message : 'network')
  },
}

export const api = createClient<Api>({
  baseUrl: `${globalThis.location?.origin ?? 'http://localhost'}/api/v1`,
  credentials: 'same-origin',
  // Looked up at each call, so that tests can stand in for the network.
  fetch: (request) => early(request) ?? globalThis.fetch(request),
  headers: { Accept: 'application/json, application/problem+json' },
})
api.use(guard)

type Answer<T> = { data?: T; error?: unknown; response: Response }

/** Unwraps an answer: the data, or a thrown `ApiError`. */
export async function ok<T>(call: Promise<Answer<T>>): Promise<T> {
  const answer = await call
  if (!answer.response.ok) throw toApiError(answer.response, answer.error)
  return answer.data as T
}

/** A new client id: names a message before the server has, and makes its sending repeatable without a double. */
export function clientId(): string {
  if (typeof crypto.randomUUID === 'function') return crypto.randomUUID()
  // Plain HTTP on a local network has no randomUUID.
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
