/**
 * The cache of everything that came from the server. The live feed keeps it current, so data does not go stale by
 * itself while the feed is connected; a reset or a lost cursor marks it all for refetching.
 */
import { QueryClient, type Query, type QueryKey } from '@tanstack/vue-query'
import { isTemporary } from '@/lib/api'

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 60_000,
      gcTime: 15 * 60_000,
      networkMode: 'always',
      refetchOnWindowFocus: false,
      refetchOnReconnect: false,
      retry: (count, error) => count < 2 && isTemporary(error),
      retryDelay: (count) => Math.min(4000, 400 * 2 ** count),
    },
    mutations: { networkMode: 'always', retry: false },
  },
})

/**
 * Writes what is known to have changed into an answer that is kept. An answer that was to be asked for again still is: one
 * change does not make the rest of it new.
 */
export function patchQuery<T>(queryKey: QueryKey, change: (old: T | undefined) => T | undefined): void {
  const before = queryClient.getQueryState(queryKey)
  queryClient.setQueryData<T>(queryKey, change, { updatedAt: before?.dataUpdatedAt || undefined })
  if (before?.isInvalidated) void queryClient.invalidateQueries({ queryKey, exact: true, refetchType: 'none' })
}

/** Questions of these kinds: the first part of their key. */
export const ofKind = (...kinds: string[]) => ({ queryKey }: Query): boolean => kinds.includes(String(queryKey[0]))

/**
 * Asks again what may be older than it looks: what is shown now, the rest when it is next shown. A first answer under way is
 * shown first, since whoever waits for it gains nothing by waiting for the next.
 */
export function askAgain(client: QueryClient, wanted: (query: Query) => boolean = () => true): void {
  for (const query of client.getQueryCache().getAll()) {
    if (!wanted(query)) continue
    const again = (): void => void client.invalidateQueries({ queryKey: query.queryKey, exact: true })
    if (query.state.data === undefined && query.state.fetchStatus === 'fetching') void Promise.resolve(query.promise).then(again, again)
    else again()
  }
}
