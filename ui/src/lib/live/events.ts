/** Frames of the live feed. */
import type { Channel, Contact, Conversation, Message } from '@/lib/api'

export interface LiveEvent {
  seq: number
  type: string
  at: string
  data: { message?: Message; conversation?: Conversation; contact?: Contact; channel?: Channel; [key: string]: unknown }
}
export interface PresentUser {
  id: string
  name: string
  state: 'viewing' | 'replying'
}
export interface PresenceFrame {
  type: 'presence'
  conversation_id: string
  users: PresentUser[]
}
export type Frame =
  | { type: 'hello'; seq: number }
  | { type: 'reset'; seq: number }
  | PresenceFrame
  | LiveEvent

/** A frame, or null for anything this version does not understand. */
export function parseFrame(text: unknown): Frame | null {
  if (typeof text !== 'string') return null
  try {
    const frame: unknown = JSON.parse(text)
    if (typeof frame !== 'object' || frame === null || !('type' in frame) || typeof frame.type !== 'string') return null
    if (frame.type === 'presence') return 'users' in frame ? (frame as PresenceFrame) : null
    return 'seq' in frame && typeof frame.seq === 'number' ? (frame as Frame) : null
  } catch {
    return null // a torn frame; the next resume brings the event again
  }
}
