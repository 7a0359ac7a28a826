/** System figures, asked for every few seconds while shown and at once when the live feed tells of a change. */
import { useQuery } from '@tanstack/vue-query'
import { onScopeDispose } from 'vue'
import { queryClient } from '@/app/query'
import { api, ok } from '@/lib/api'
import { onLive } from '@/lib/live'

const EVERY_MS = 5000
const SYSTEM = ['system']

export function useSystem() {
  const stop = onLive((batch) => {
    const types = new Set(batch.map((event) => event.type))
    if (['alert.raised', 'alert.cleared', 'channel.updated'].some((type) => types.has(type))) refresh('system')
    if (types.has('raw_event.parked')) refresh('system', 'raw-events')
    if (types.has('dead_letter.created') || types.has('dead_letter.removed')) refresh('system', 'dead-letters')
    if (types.has('message.updated')) refresh('doubtful')
  })
  onScopeDispose(stop)
  return useQuery({ queryKey: SYSTEM, queryFn: ({ signal }) => ok(api.GET('/system', { signal })), refetchInterval: EVERY_MS })
}
export function refresh(...keys: ('system' | 'raw-events' | 'dead-letters' | 'doubtful')[]): void {
  for (const key of keys) void queryClient.invalidateQueries({ queryKey: [key] })
}

/** Whom a conversation is with; rows of dead letters carry only its id. */
export function useContactName(id: () => string) {
  return useQuery({
    queryKey: ['conversation-name', id()],
    queryFn: async ({ signal }) => (await ok(api.GET('/conversations/{id}', { params: { path: { id: id() } }, signal }))).contact.name,
    staleTime: 600_000,
    retry: false,
  })
}
