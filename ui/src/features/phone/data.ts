/** The sandbox's customers, their chats and the faults. Asked for every two seconds and whenever a message moves. */
import { useQuery } from '@tanstack/vue-query'
import { useThrottleFn } from '@vueuse/core'
import { computed, onScopeDispose, ref, type Ref } from 'vue'
import { queryClient } from '@/app/query'
import { api, ok, type Page } from '@/lib/api'
import { onLive } from '@/lib/live'
import { type Behaviour, type Customer, type Faults, NO_FAULTS, withFile } from './model'

const EVERY_MS = 2000
const SHOWN = 100
/** Every few seconds while it works; what is missing (no sandbox channel) is asked for again by the person. */
const pace = (ms: number) => (query: { state: { error: unknown } }): number | false => (query.state.error ? false : ms)
/** The sandbox channel whose phones are played; the oldest unless chosen. */
export const line = ref<string | null>(null)
const at = (): { channel_id?: string } => (line.value ? { channel_id: line.value } : {})
export const changed = (): Promise<void> => queryClient.invalidateQueries({ queryKey: ['sandbox'] })

export function useLivePhone(): void {
  const soon = useThrottleFn(() => void changed(), 300, true)
  onScopeDispose(onLive((batch) => batch.some((event) => event.type.startsWith('message.')) && void soon()))
}
export const useCustomers = () =>
  useQuery({
    queryKey: computed(() => ['sandbox', 'customers', line.value]),
    queryFn: ({ signal }) => ok(api.GET('/sandbox/customers', { params: { query: { ...at(), limit: 100 } }, signal })),
    refetchInterval: pace(EVERY_MS),
  })
/** One customer, whether the list shows them or not. */
export const useCustomer = (id: Ref<string | null>) =>
  useQuery({
    queryKey: computed(() => ['sandbox', 'customer', line.value, id.value]),
    enabled: computed(() => id.value !== null),
    queryFn: ({ signal }) => ok(api.GET('/sandbox/customers/{wa_id}', { params: { path: { wa_id: id.value! }, query: at() }, signal })),
  })
export const useChat = (id: Ref<string | null>) =>
  useQuery({
    queryKey: computed(() => ['sandbox', 'chat', line.value, id.value]),
    enabled: computed(() => id.value !== null),
    queryFn: async ({ signal }) => {
      const page = await ok(api.GET('/sandbox/customers/{wa_id}/messages', { params: { path: { wa_id: id.value! }, query: { ...at(), limit: SHOWN } }, signal }))
      return [...page.items].reverse().map((message) => withFile(id.value!, message))
    },
    refetchInterval: pace(EVERY_MS),
  })
export async function write(id: string, body: { type: string; [content: string]: unknown }): Promise<void> {
  await ok(api.POST('/sandbox/customers/{wa_id}/messages', { params: { path: { wa_id: id }, query: at() }, body }))
  await changed()
}
export const markRead = (id: string): Promise<unknown> => ok(api.POST('/sandbox/customers/{wa_id}/read', { params: { path: { wa_id: id }, query: at() } }))

/** Faults of the chosen channel's provider, or of Instagram's. */
const faultKey = (instagram: boolean): unknown[] => ['sandbox-faults', instagram ? 'instagram' : line.value]
const readFaults = (instagram: boolean, signal: AbortSignal): Promise<Partial<Faults>> =>
  instagram ? ok(api.GET('/sandbox/instagram/faults', { signal })) : ok(api.GET('/sandbox/faults', { params: { query: at() }, signal }))
const writeFaults = ({ token_expired, ...faults }: Faults, instagram: boolean): Promise<Partial<Faults>> =>
  instagram ? ok(api.PUT('/sandbox/instagram/faults', { body: { ...faults, token_expired: token_expired ?? false } })) : ok(api.PUT('/sandbox/faults', { params: { query: at() }, body: faults }))
export const useFaults = (instagram: boolean) =>
  useQuery({ queryKey: computed(() => faultKey(instagram)), queryFn: async ({ signal }) => ({ ...NO_FAULTS, ...(await readFaults(instagram, signal)) }), refetchInterval: pace(5000) })
export async function setFaults(faults: Faults, instagram: boolean): Promise<void> {
  const key = faultKey(instagram)
  const before = queryClient.getQueryData<Faults>(key)
  queryClient.setQueryData(key, faults)
  try {
    queryClient.setQueryData(key, { ...NO_FAULTS, ...(await writeFaults(faults, instagram)) })
  } catch (error) {
    queryClient.setQueryData(key, before)
    throw error
  }
}

/** Changes how a customer acts: shown at once, taken back if the server refuses. */
export async function setBehaviour(id: string, behaviour: Behaviour): Promise<void> {
  const key = ['sandbox', 'customers', line.value]
  const before = queryClient.getQueryData<Page<Customer>>(key)
  queryClient.setQueryData<Page<Customer>>(key, (page) => page && { ...page, items: page.items.map((each) => (each.wa_id === id ? { ...each, behaviour } : each)) })
  try {
    await ok(api.PUT('/sandbox/customers/{wa_id}/behaviour', { params: { path: { wa_id: id }, query: at() }, body: behaviour }))
    await changed()
  } catch (error) {
    queryClient.setQueryData(key, before)
    throw error
  }
}
