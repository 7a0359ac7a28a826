/** The workspace's opening hours, asked for again when they change by themselves. */
import { useQuery } from '@tanstack/vue-query'
import { api, ok, type OpeningHours } from '@/lib/api'

export const HOURS = ['hours']
const MINUTE = 60_000

/** Until the next change, within what a timer takes; a minute more, so that the server's clock is past it too. */
export function untilChange(hours: OpeningHours | undefined, now: number): number {
  const next = hours?.opens_at ?? hours?.closes_at
  const wait = next ? Date.parse(next) - now + 1000 : 60 * MINUTE
  return Math.min(Math.max(wait, MINUTE), 60 * MINUTE)
}

export function useHours() {
  return useQuery({
    queryKey: HOURS,
    queryFn: ({ signal }) => ok(api.GET('/hours', { signal })),
    refetchInterval: (query) => untilChange(query.state.data, Date.now()),
  })
}
