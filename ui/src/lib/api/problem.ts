/** What went wrong with a call, in the API's own words where it gave some. */
import type { Alternative, Phrase, Problem } from './types'

export class ApiError extends Error {
  override readonly name = 'ApiError'
  constructor(
    readonly status: number,
    readonly code: string,
    detail: string,
    readonly field: string | null = null,
    readonly alternatives: Alternative[] = [],
    readonly traceId: string | null = null,
    readonly retryAfterMs: number | null = null,
    /** What it says as a code, where it is one of the server's own texts. */
    readonly phrase: Phrase | null = null,
  ) {
    super(detail)
  }
}

/** The request may not have reached the server, or its answer was lost: nothing is known about its effect. */
export class NetworkError extends Error {
  override readonly name = 'NetworkError'
}

/** True when trying the same call again later, unchanged, can help. */
export function isTemporary(error: unknown): boolean {
  if (error instanceof NetworkError) return true
  return error instanceof ApiError && [408, 425, 429, 502, 503, 504].includes(error.status)
}

export function retryAfter(headers: Headers): number | null {
  const value = headers.get('retry-after')
  if (!value) return null
  const seconds = Number(value)
  if (Number.isFinite(seconds)) return Math.max(0, seconds * 1000)
  const date = Date.parse(value)
  return Number.isNaN(date) ? null : Math.max(0, date - Date.now())
}

/** Reads a problem document; answers that are none (a proxy's page, an empty body) still give a usable error. */
export function toApiError(response: Response, body: unknown): ApiError {
  const problem = (typeof body === 'object' && body !== null ? body : {}) as Partial<Problem>
  const text = problem.detail || problem.title || response.statusText || `HTTP ${response.status}`
  return new ApiError(
    response.status,
    problem.code ?? `http_${response.status}`,
    text,
    problem.field ?? null,
    problem.alternatives ?? [],
    problem.trace_id ?? response.headers.get('x-trace-id'),
    retryAfter(response.headers),
    problem.detail_phrase ?? null,
  )
}
