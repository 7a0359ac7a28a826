/**
 * The cache of everything that came from the server. The live feed keeps it current, so data does not go stale by
 * itself while the feed is connected; a reset or a lost cursor marks it all for refetching.
 */
import { QueryClient } from '@tanstack/vue-query'
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
