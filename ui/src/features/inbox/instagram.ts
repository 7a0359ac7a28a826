/** What differs on Instagram for whoever writes: bytes instead of characters, seven days for a person, and its own kinds. */
import type { Channel, Conversation, Message } from '@/lib/api'

const DAY_MS = 24 * 3_600_000
/** A person may answer so long after the customer wrote, with Meta's permission. */
const HUMAN_AGENT_MS = 7 * DAY_MS
export const MAX_BYTES = 1000

export const INSTAGRAM_KINDS = ['comment', 'comment_reply', 'comment_action', 'story_mention', 'like_heart', 'share', 'ig_post', 'ig_reel', 'ig_story', 'reel', 'story', 'referral'] as const
export const isInstagramKind = (kind: string): boolean => (INSTAGRAM_KINDS as readonly string[]).includes(kind)
/** Whether a message is shown with Instagram's parts: its own kinds, and texts that answer a story. */
export const hasInstagramParts = (message: Message): boolean =>
  isInstagramKind(message.type) || (typeof message.extra === 'object' && message.extra !== null && 'story_reply' in message.extra)

export const isInstagram = (channel: Pick<Channel, 'provider'> | undefined): boolean => channel?.provider?.includes('instagram') ?? false
const encoder = new TextEncoder()
export const bytesOf = (text: string): number => encoder.encode(text).length

/** Until when a person may still answer after the reply window closed, in milliseconds; null if not at all. */
export function humanAgentUntil(channel: Pick<Channel, 'provider' | 'settings'> | undefined, window: Conversation['window']): number | null {
  if (!isInstagram(channel) || channel?.settings.human_agent !== 'yes' || !window.expires_at) return null
  return Date.parse(window.expires_at) - DAY_MS + HUMAN_AGENT_MS
}
