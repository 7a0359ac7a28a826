/** Channels from the server, kept current by the live feed. */
import { useQuery } from '@tanstack/vue-query'
import { onScopeDispose, type MaybeRefOrGetter, computed, toValue } from 'vue'
import { queryClient } from '@/app/query'
import { api, ok, type Channel, type Page } from '@/lib/api'
import { onLive } from '@/lib/live'

const LIST = ['channels']
const one = (id: string): string[] => ['channel', id]

export function keep(channel: Channel): void {
  queryClient.setQueryData(one(channel.id), channel)
  queryClient.setQueryData<Page<Channel>>(LIST, (page) =>
    page && { ...page, items: page.items.map((item) => (item.id === channel.id ? channel : item)) },
  )
}
/** Every list of channels is asked again: one was added or removed. */
export function listChanged(): Promise<void> {
  return queryClient.invalidateQueries({ queryKey: ['channels'] })
}
export function forget(id: string): Promise<void> {
  queryClient.removeQueries({ queryKey: one(id) })
  return listChanged()
}

function follow(): void {
  onScopeDispose(
    onLive((batch) => {
      for (const event of batch) if (event.type === 'channel.updated' && event.data.channel) keep(event.data.channel)
    }),
  )
}

export function useChannels() {
  follow()
  return useQuery({ queryKey: LIST, queryFn: ({ signal }) => ok(api.GET('/channels', { params: { query: { limit: 100 } }, signal })) })
}
export function useChannel(id: MaybeRefOrGetter<string>) {
  follow()
  return useQuery({
    queryKey: computed(() => one(toValue(id))),
    queryFn: ({ signal }) => ok(api.GET('/channels/{id}', { params: { path: { id: toValue(id) } }, signal })),
  })
}

export const addSandbox = (name: string): Promise<Channel> =>
  ok(api.POST('/channels', { body: { provider: 'sandbox', name, settings: {}, secrets: {} } }))
