/** Answers that `boot.ts` asked for before the app was there; each serves once, for the app's first question. */
declare global {
  var frontdeskEarly: Map<string, Promise<Response>> | undefined
}

const SERVES_MS = 10_000
const begun = Date.now()

/** The answer to this request if it was asked for early and is still of now. One that failed is asked for again. */
export function early(request: Request): Promise<Response> | null {
  const kept = globalThis.frontdeskEarly
  if (!kept || request.method !== 'GET' || Date.now() - begun > SERVES_MS) return null
  const path = request.url.slice(location.origin.length)
  const answer = kept.get(path)
  if (!answer) return null
  kept.delete(path)
  return answer.catch(() => globalThis.fetch(request))
}
