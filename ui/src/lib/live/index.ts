/** The app's live feed: connection state for the shell, events and presence for the areas. */
import { ref, shallowReactive, shallowRef } from 'vue'
import { askAgain, queryClient } from '@/app/query'
import { now } from '@/lib/format'
import type { LiveEvent, PresentUser } from './events'
import { LiveSocket } from './socket'

export type { LiveEvent, PresentUser } from './events'

export const connection = ref<'connecting' | 'online' | 'offline'>('connecting')
/** When the feed was last known to be current. */
export const liveAt = ref(Date.now())
/** Who is in which conversation, besides this browser's user. */
export const presence = shallowReactive(new Map<string, PresentUser[]>())

type EventHandler = (batch: LiveEvent[]) => void
const eventHandlers = new Set<EventHandler>()
const onlineHandlers = new Set<() => void>()

/** Hears every batch of events; return value stops it. Handlers patch the query cache. */
export function onLive(handler: EventHandler): () => void {
  eventHandlers.add(handler)
  return () => eventHandlers.delete(handler)
}
/** Called whenever the connection has come (back). */
export function onOnline(handler: () => void): () => void {
  onlineHandlers.add(handler)
  return () => onlineHandlers.delete(handler)
}

let firstHello: (() => void) | null = null
const ready = shallowRef(Promise.resolve())

const refetchAll = (): void => askAgain(queryClient)

const socket = new LiveSocket(
  {
    events: (batch) => {
      liveAt.value = Date.now()
      for (const handler of eventHandlers) {
        try {
          handler(batch)
        } catch (error) {
          console.error(error)
          refetchAll()
        }
      }
    },
    reset: () => {
      const waiting = firstHello
      firstHello = null
      // The session waits a moment for the first hello, so that little is loaded before the feed stands.
      if (waiting) waiting()
      else refetchAll()
    },
    presence: (frame) => {
      if (frame.users.length > 0) presence.set(frame.conversation_id, frame.users)
      else presence.delete(frame.conversation_id)
    },
    state: (state) => {
      if (connection.value === 'online' || state === 'online') liveAt.value = Date.now()
      connection.value = state
      if (state !== 'online') presence.clear()
      if (state === 'online') onlineHandlers.forEach((handler) => handler())
    },
  },
  {
    url: (after) => {
      const url = new URL('/api/v1/live', location.href)
      url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:'
      if (after !== null) url.searchParams.set('after', String(after))
      return url.href
    },
  },
)

const HELLO_WAIT_MS = 400
/** Connects; resolves with the first hello, or a moment later without it (what is loaded is then fetched again). */
export function startLive(): Promise<void> {
  ready.value = new Promise((resolve) => {
    firstHello = resolve
    setTimeout(() => {
      firstHello = null
      resolve()
    }, HELLO_WAIT_MS)
  })
  socket.start()
  return ready.value
}
export const stopLive = (): void => socket.stop()
export const reconnect = (): void => socket.reconnect()
let said: [string | null, 'viewing' | 'replying'] | null = null
const inFront = (): boolean => !document.hidden && document.hasFocus()
export function tellPresence(conversation: string | null, state: 'viewing' | 'replying' = 'viewing'): void {
  said = [conversation, state]
  socket.presence(conversation, state, inFront())
}
function sayAgain(): void {
  if (said) socket.presence(...said, inFront())
}
window.addEventListener('focus', sayAgain)
window.addEventListener('blur', sayAgain)
document.addEventListener('visibilitychange', sayAgain)

const SLEEP_MS = 30_000
let hiddenAt = 0
document.addEventListener('visibilitychange', () => {
  if (document.hidden) hiddenAt = Date.now()
  else if (hiddenAt > 0 && Date.now() - hiddenAt > SLEEP_MS) socket.reconnect()
})
window.addEventListener('online', () => socket.reconnect())
window.addEventListener('offline', () => {
  connection.value = 'offline'
})

/** True when what is shown may be older than half a minute. */
export const isStale = (): boolean => connection.value !== 'online' && now.value - liveAt.value > 30_000
