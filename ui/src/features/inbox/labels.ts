/** The labels in use, gathered from what is loaded: labels are words on conversations, not records of their own. */
import { computed, ref } from 'vue'
import { queryClient } from '@/app/query'
import { onSessionEnd } from '@/app/session'
import type { Conversation } from '@/lib/api'
import type { Pages } from './cache'

const MAX = 200
const seen = ref<ReadonlySet<string>>(new Set())

function gather(data: unknown): void {
  const fresh = (data as Pages<Conversation> | undefined)?.pages.flatMap((page) => page.items).flatMap((item) => item.labels) ?? []
  const unknown = fresh.filter((label) => !seen.value.has(label))
  if (unknown.length > 0) seen.value = new Set([...seen.value, ...unknown].slice(0, MAX))
}
queryClient.getQueryCache().subscribe((event) => {
  if (event.type === 'updated' && event.action.type === 'success' && event.query.queryKey[0] === 'conversations') gather(event.query.state.data)
})
// What was loaded before this module was.
for (const [, data] of queryClient.getQueriesData({ queryKey: ['conversations'] })) gather(data)
onSessionEnd(() => void (seen.value = new Set()))
export const knownLabels = computed(() => [...seen.value].sort((a, b) => a.localeCompare(b)))
