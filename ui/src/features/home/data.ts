/** Home's lists, asked for again when the live feed tells of a change, at most every few seconds. */
import { useQuery } from '@tanstack/vue-query'
import { useThrottleFn } from '@vueuse/core'
import { computed, onScopeDispose, type Ref } from 'vue'
import { askAgain, ofKind, queryClient } from '@/app/query'
import { scope } from '@/app/session'
import { api, ok, type Conversation } from '@/lib/api'
import { onLive } from '@/lib/live'
import { isReply, isWaiting, type Progress } from './model'

const PAGES = 5
const EVERY_MS = 3000

/** Everything that is open, up to five hundred; `more` tells that there are others. */
export function useOpenConversations() {
  return useQuery({
    queryKey: ['home', 'open'],
    queryFn: async ({ signal }) => {
      const items: Conversation[] = []
      let cursor: string | undefined
      for (let page = 0; page < PAGES; page += 1) {
        const answer = await ok(api.GET('/conversations', { params: { query: { status: 'open,pending', limit: 100, cursor } }, signal }))
        items.push(...answer.items)
        if (!answer.next_cursor) return { items, more: false }
        cursor = answer.next_cursor
      }
      return { items, more: true }
    },
  })
}

/** Who waits longest for an answer, of everyone who does. */
export function useWaiting(count: number) {
  return useQuery({
    queryKey: ['home', 'waiting'],
    queryFn: async ({ signal }) => {
      const page = await ok(api.GET('/conversations', { params: { query: { status: 'open,pending', sort: 'waiting', limit: count } }, signal }))
      return page.items.filter(isWaiting)
    },
  })
}

export function useLiveHome(): void {
  const refetch = useThrottleFn(() => askAgain(queryClient, ofKind('home')), EVERY_MS, true)
  onScopeDispose(
    onLive((batch) => {
      if (batch.some((event) => /^(message|conversation|dead_letter|alert)\./.test(event.type))) void refetch()
    }),
  )
}

const stored = (key: string): boolean => {
  try {
    return localStorage.getItem(key) === '1'
  } catch {
    return false
  }
}
export function store(key: string): void {
  try {
    localStorage.setItem(key, '1')
  } catch {
    // Without local storage it is worked out again next time.
  }
}
export const repliedKey = (): string => `frontdesk.replied:${scope.value ?? ''}`
export const hiddenKey = (): string => `frontdesk.checklist-hidden:${scope.value ?? ''}`
export const isHidden = (): boolean => stored(hiddenKey())

/** Whether any answer went out yet: looks at the newest conversations, and remembers a yes. */
async function hasReplied(conversations: Conversation[], signal: AbortSignal): Promise<boolean> {
  if (stored(repliedKey())) return true
  let found = conversations.some((each) => each.last_message && isReply(each.last_message))
  for (const conversation of conversations.slice(0, 5)) {
    if (found) break
    const page = await ok(api.GET('/conversations/{id}/messages', { params: { path: { id: conversation.id }, query: { limit: 50 } }, signal }))
    found = page.items.some(isReply)
  }
  if (found) store(repliedKey())
  return found
}

/** How far the set-up really is, read from the data itself. */
export function useProgress(wanted: Ref<boolean>) {
  return useQuery({
    queryKey: ['home', 'progress'],
    enabled: computed(() => wanted.value),
    queryFn: async ({ signal }): Promise<Progress> => {
      const [channels, users, conversations] = await Promise.all([
        ok(api.GET('/channels', { params: { query: { limit: 1 } }, signal })),
        ok(api.GET('/users', { params: { query: { limit: 2 } }, signal })),
        ok(api.GET('/conversations', { params: { query: { limit: 20 } }, signal })),
      ])
      return {
        channel: channels.items.length > 0,
        received: conversations.items.length > 0,
        replied: await hasReplied(conversations.items, signal),
        team: users.items.length > 1,
      }
    },
  })
}
