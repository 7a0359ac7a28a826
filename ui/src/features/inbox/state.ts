/** What is open and selected in the inbox on this screen. */
import { ref, shallowRef } from 'vue'
import { onSessionEnd } from '@/app/session'

/** The conversation in the thread pane, while its page is in view. */
export const openConversation = ref<string | null>(null)
/** The row that keys act on. */
export const cursor = ref<string | null>(null)
export const selection = shallowRef<ReadonlySet<string>>(new Set())
/** Conversations marked unread by hand; looking at them does not clear that until they are opened again. */
export const stickyUnread = shallowRef<ReadonlySet<string>>(new Set())

// Whoever signs in next begins with nothing chosen.
onSessionEnd(() => {
  cursor.value = null
  selection.value = new Set()
  stickyUnread.value = new Set()
})

export function toggle(set: ReadonlySet<string>, id: string, on = !set.has(id)): ReadonlySet<string> {
  const next = new Set(set)
  if (on) next.add(id)
  else next.delete(id)
  return next
}

/** Menus that a key can open. */
export type MenuName = 'assign' | 'label' | 'priority' | 'snooze' | 'status'
export const openMenu = ref<MenuName | null>(null)

/** Asks the composer to take the focus in a mode; the number makes repeated requests distinct. */
export const composeRequest = shallowRef<{ mode: 'reply' | 'note'; text?: string; serial: number } | null>(null)
let serial = 0
export function requestCompose(mode: 'reply' | 'note', text?: string): void {
  serial += 1
  composeRequest.value = { mode, text, serial }
}

function stored(key: string, fallback: boolean): boolean {
  try {
    return (localStorage.getItem(key) ?? String(fallback)) === 'true'
  } catch {
    return fallback
  }
}
function remember(key: string, value: boolean): void {
  try {
    localStorage.setItem(key, String(value))
  } catch {
    // Remembered for this visit only.
  }
}
export const detailsOpen = ref(stored('frontdesk.details', true))
export function toggleDetails(): void {
  detailsOpen.value = !detailsOpen.value
  remember('frontdesk.details', detailsOpen.value)
}
/** Hold a message back for five seconds so that it can be taken back. */
export const undoSend = ref(stored('frontdesk.undo-send', false))
/** Send with Enter alone; Shift Enter then makes a new line. */
export const enterSends = ref(stored('frontdesk.enter-sends', false))
export function setUndoSend(on: boolean): void {
  undoSend.value = on
  remember('frontdesk.undo-send', on)
}
export function setEnterSends(on: boolean): void {
  enterSends.value = on
  remember('frontdesk.enter-sends', on)
}
