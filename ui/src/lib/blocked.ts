/** Whom a number takes no messages from: the provider's own list, read when somebody looks. */
import { useQuery } from '@tanstack/vue-query'
import { computed, type MaybeRefOrGetter, toValue } from 'vue'
import { queryClient } from '@/app/query'
import { api, ok, type Channel, type Identity } from '@/lib/api'

/** Parts of the list that are read; a hundred people each. */
const MAX_PARTS = 5
const FRESH_MS = 10 * 60_000
export type Blocked = Awaited<ReturnType<typeof part>>['items'][number]

const part = (id: string, cursor?: string, signal?: AbortSignal) =>
  ok(api.GET('/channels/{id}/blocked', { params: { path: { id }, query: cursor ? { cursor } : {} }, signal }))
async function read(id: string, signal: AbortSignal) {
  const items: Blocked[] = []
  let cursor: string | undefined
  for (let n = 0; n < MAX_PARTS; n += 1) {
    const next = await part(id, cursor, signal)
    items.push(...next.items)
    if (!next.next_cursor) return { items, more: false }
    cursor = next.next_cursor
  }
  return { items, more: true }
}
const keyOf = (id: string) => ['blocked', id]

export const canBlock = (channel: Pick<Channel, 'provider'> | undefined): boolean => ['whatsapp_cloud', 'sandbox'].includes(channel?.provider ?? '')
export const useBlocked = (id: MaybeRefOrGetter<string>, enabled: MaybeRefOrGetter<boolean> = true) =>
  useQuery({
    queryKey: computed(() => keyOf(toValue(id))),
    queryFn: ({ signal }) => read(toValue(id), signal),
    enabled: computed(() => toValue(enabled)),
    staleTime: FRESH_MS,
    retry: false,
  })

export async function setBlocked(id: string, to: string, blocked: boolean): Promise<void> {
  if (blocked) await ok(api.POST('/channels/{id}/blocked', { params: { path: { id } }, body: { to } }))
  else await ok(api.DELETE('/channels/{id}/blocked', { params: { path: { id }, query: { to } } }))
  await queryClient.invalidateQueries({ queryKey: keyOf(id) })
}

const KINDS: Identity['kind'][] = ['whatsapp_id', 'phone', 'whatsapp_user_id']
/** By what a person is blocked: their WhatsApp number, or the id where the number is hidden. */
export const blockedBy = (identities: readonly Identity[]): string | null => {
  const known = KINDS.map((kind) => identities.find((each) => each.kind === kind)).find(Boolean)
  return known?.value ?? null
}
const bare = (value: string): string => value.replace(/^\+/, '')
export const isBlocked = (items: readonly Pick<Blocked, 'to'>[], identities: readonly Identity[]): boolean => {
  const values = new Set(identities.map((each) => bare(each.value)))
  return items.some((each) => values.has(bare(each.to)))
}
