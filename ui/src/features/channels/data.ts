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

type Versioned = Channel & { version?: number }
/** Whether an event's view is newer than what is shown; one that came with or before our own change is not. */
export const isNewer = (next: Versioned, shown: Versioned | undefined): boolean =>
  shown?.version === undefined || next.version === undefined || next.version > shown.version

/** Takes over a channel from the live feed; where that is no newer, the server is asked. */
function hear(channel: Channel): void {
  const shown =
    queryClient.getQueryData<Channel>(one(channel.id)) ?? queryClient.getQueryData<Page<Channel>>(LIST)?.items.find((item) => item.id === channel.id)
  if (isNewer(channel, shown)) keep(channel)
  else void Promise.all([queryClient.invalidateQueries({ queryKey: one(channel.id) }), listChanged()])
}
function follow(): void {
  onScopeDispose(
    onLive((batch) => {
      for (const event of batch) if (event.type === 'channel.updated' && event.data.channel) hear(event.data.channel)
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

export const addSandbox = (name: string, provider: 'sandbox' | 'sandbox_instagram' | 'sandbox_sms' = 'sandbox'): Promise<Channel> =>
  ok(api.POST('/channels', { body: { provider, name, settings: {}, secrets: {} } }))
