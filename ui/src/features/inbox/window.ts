import type { Conversation } from '@/lib/api'

/** Until when everything sent is free of charge after an advertisement (WhatsApp); null if it is not, or no longer. */
export function freeFor(window: Conversation['window'], now: number): string | null {
  return window.free_until && Date.parse(window.free_until) > now ? window.free_until : null
}
