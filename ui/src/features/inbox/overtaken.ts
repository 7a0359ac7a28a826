/**
 * An answer can be older than what the live feed told while it was under way: it would put the old state back, and a message
 * that came meanwhile would not be seen. Such events are applied once more when the answer is there.
 */
import type { QueryClient } from '@tanstack/vue-query'

/** Events that are kept for the answers under way; when there are more, those questions are asked anew. */
export const MOST_KEPT = 2000

/** Watches questions whose key begins with one of `kinds`. Returns what must be told of each batch of events, before it is applied. */
export function applyAgain<Event>(client: QueryClient, kinds: readonly string[], apply: (events: Event[]) => void): (events: readonly Event[]) => void {
  /** How many events had been kept when a question was asked. */
  const asked = new Map<string, number>()
  let kept: Event[] = []

  client.getQueryCache().subscribe((change) => {
    if (change.type !== 'updated' && change.type !== 'removed') return
    const { queryHash, queryKey, state } = change.query
    if (!kinds.includes(String(queryKey[0]))) return
    const action = change.type === 'updated' ? change.action : null
    if (action?.type === 'fetch') {
      asked.set(queryHash, kept.length)
      return
    }
    const since = asked.get(queryHash)
    if (since === undefined || (action && state.fetchStatus === 'fetching')) return
    asked.delete(queryHash)
    const came = kept.slice(since)
    if (asked.size === 0) kept = []
    if (action?.type === 'success' && came.length > 0) apply(came)
  })

  return (events) => {
    if (asked.size === 0) return
    kept.push(...events)
    if (kept.length <= MOST_KEPT) return
    kept = []
    for (const hash of asked.keys()) asked.set(hash, 0)
    void client.invalidateQueries({ predicate: ({ queryHash }) => asked.has(queryHash) })
  }
}
