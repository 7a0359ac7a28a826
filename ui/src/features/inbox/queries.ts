/** The inbox's server state. */
import { queryOptions, useInfiniteQuery, useQuery } from '@tanstack/vue-query'
import { computed, type MaybeRefOrGetter, toValue } from 'vue'
import { patchQuery, queryClient } from '@/app/query'
import { api, ok, type Conversation } from '@/lib/api'
import { flatten, shorten, type Pages } from './cache'
import { toApi, type Filters } from './filters'

const PAGE = 50
const channelsQuery = queryOptions({ queryKey: ['channels'], queryFn: ({ signal }) => ok(api.GET('/channels', { params: { query: { limit: 100 } }, signal })) })

export const listKey = (filters: Filters) => ['conversations', filters] as const
export const threadKey = (id: string, around?: string | null) =>
  around ? (['messages', id, 'around', around] as const) : (['messages', id] as const)

const conversationsPage = (filters: Filters, cursor: string | null, signal: AbortSignal) =>
  ok(api.GET('/conversations', { params: { query: { ...toApi(filters), sort: filters.sort, limit: PAGE, cursor: cursor ?? undefined } }, signal }))

/** Asks for a list and its channels before the page that shows them is there. */
export function prefetchConversations(filters: Filters): void {
  void queryClient.prefetchInfiniteQuery({
    queryKey: listKey(filters),
    queryFn: ({ signal }) => conversationsPage(filters, null, signal),
    initialPageParam: null as string | null,
  })
  void queryClient.prefetchQuery(channelsQuery)
}

export function useConversations(filters: MaybeRefOrGetter<Filters>) {
  const query = useInfiniteQuery({
    queryKey: computed(() => listKey(toValue(filters))),
    queryFn: ({ pageParam, signal }) => conversationsPage(toValue(filters), pageParam, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
    // Pages are replaced, never changed in place: watching every field of thousands of rows would cost a frame each time.
    shallow: true,
  })
  return { ...query, conversations: computed(() => flatten(query.data.value)) }
}

/** Pages of a list that nobody looks at which are kept: coming back to it would ask for all of them again, one after the other. */
const KEPT_PAGES = 2
/** Lists that were scrolled far down and left are cut back to their beginning; the one for `shown` is left alone. */
export function forgetDepth(shown?: Filters): void {
  const lists = { queryKey: ['conversations'], predicate: ({ queryKey }: { queryKey: readonly unknown[] }) => !shown || JSON.stringify(queryKey) !== JSON.stringify(listKey(shown)) }
  for (const [key, data] of queryClient.getQueriesData<Pages<Conversation>>(lists)) {
    const short = shorten(data, KEPT_PAGES)
    if (short !== data) patchQuery(key, () => short)
  }
}

/** Notes that mention this person and were not seen. */
export const useMentions = () => useQuery({ queryKey: ['mentions'], queryFn: ({ signal }) => ok(api.GET('/mentions', { signal })) })

export function useConversation(id: MaybeRefOrGetter<string | null>) {
  return useQuery({
    queryKey: computed(() => ['conversation', toValue(id)]),
    queryFn: ({ signal }) => ok(api.GET('/conversations/{id}', { params: { path: { id: toValue(id)! } }, signal })),
    enabled: computed(() => toValue(id) !== null),
  })
}

const messagesPage = (id: string, around: string | null, cursor: string | null, signal: AbortSignal) =>
  ok(api.GET('/conversations/{id}/messages', {
    params: { path: { id }, query: { limit: PAGE, cursor: cursor ?? undefined, around: cursor === null ? (around ?? undefined) : undefined } },
    signal,
  }))

/** A thread, or the part of it around a message; `asks` is false for who only looks on at what another asks for. */
export function useMessages(id: MaybeRefOrGetter<string>, around: MaybeRefOrGetter<string | null> = null, asks = true) {
  const query = useInfiniteQuery({
    enabled: asks,
    queryKey: computed(() => threadKey(toValue(id), toValue(around))),
    queryFn: ({ pageParam, signal }) => messagesPage(toValue(id), toValue(around), pageParam, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
    shallow: true,
  })
  /** Oldest first, as a thread is read. */
  return { ...query, messages: computed(() => flatten(query.data.value).reverse()) }
}

/** Loads a thread before it is opened, so that opening it is instant. */
export function prefetchThread(id: string): void {
  void queryClient.prefetchInfiniteQuery({
    queryKey: threadKey(id),
    queryFn: ({ signal }) => messagesPage(id, null, null, signal),
    initialPageParam: null as string | null,
  })
}

export const useUsers = () =>
  useQuery({ queryKey: ['users'], queryFn: ({ signal }) => ok(api.GET('/users', { params: { query: { limit: 100 } }, signal })), select: (page) => page.items })
export const useChannels = () => useQuery({ ...channelsQuery, select: (page) => page.items })
export const useContact = (id: MaybeRefOrGetter<string>, enabled: MaybeRefOrGetter<boolean> = true) =>
  useQuery({
    queryKey: computed(() => ['contact', toValue(id)]),
    queryFn: ({ signal }) => ok(api.GET('/contacts/{id}', { params: { path: { id: toValue(id) } }, signal })),
    enabled: computed(() => toValue(enabled)),
  })
