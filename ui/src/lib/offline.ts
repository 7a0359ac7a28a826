/**
 * The offline copy: what was last read, kept on this device so that it can be read without a connection and shown at
 * once at the next start. Erased at sign-out.
 */
import { dehydrate, hydrate, type DehydratedState } from '@tanstack/vue-query'
import { del, get, set } from 'idb-keyval'
import { queryClient } from '@/app/query'

const SAVE_MS = 5000
const MAX_QUERIES = 60
const MAX_AGE_MS = 7 * 86_400_000
/** First parts of the query keys that are worth keeping; lists of settings and the like are not. */
const KEPT = new Set(['conversations', 'conversation', 'messages', 'contact', 'channels', 'users', 'labels'])
let key: string | null = null
let timer: ReturnType<typeof setInterval> | null = null
let dirty = false
let unsubscribe: (() => void) | null = null

interface Saved {
  at: number
  state: DehydratedState
}

async function save(): Promise<void> {
  if (!key || !dirty) return
  dirty = false
  const newest = queryClient.getQueryCache().getAll()
    .filter((query) => KEPT.has(String(query.queryKey[0])) && query.state.status === 'success')
    .sort((a, b) => b.state.dataUpdatedAt - a.state.dataUpdatedAt)
    .slice(0, MAX_QUERIES)
  const chosen = new Set(newest)
  const state = dehydrate(queryClient, { shouldDehydrateQuery: (query) => chosen.has(query) })
  try {
    // Structured clone refuses reactive proxies; the state is plain JSON by its nature.
    await set(key, JSON.parse(JSON.stringify({ at: Date.now(), state })))
  } catch {
    // A full or blocked disk only costs the offline copy.
  }
}

export async function startOfflineCopy(scope: string): Promise<void> {
  key = `copy:${scope}`
  try {
    const saved = await get<Saved>(key)
    if (saved && Date.now() - saved.at < MAX_AGE_MS) {
      hydrate(queryClient, saved.state)
      void queryClient.invalidateQueries({ refetchType: 'none' })
    }
  } catch {
    // No offline copy in this browser.
  }
  unsubscribe = queryClient.getQueryCache().subscribe((event) => {
    if (event.type === 'updated') dirty = true
  })
  timer = setInterval(() => void save(), SAVE_MS)
  document.addEventListener('visibilitychange', saveWhenHidden)
}
function saveWhenHidden(): void {
  if (document.hidden) void save()
}

export async function stopOfflineCopy(reason: 'logout' | 'expired'): Promise<void> {
  if (timer) clearInterval(timer)
  unsubscribe?.()
  document.removeEventListener('visibilitychange', saveWhenHidden)
  if (key && reason === 'logout') await del(key).catch(() => undefined)
  key = null
}
