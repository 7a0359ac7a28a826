/** What Home makes of the lists. */
import type { Conversation, Message } from '@/lib/api'

/** A customer waits when the last word is theirs and the conversation is not done. */
export const isWaiting = (conversation: Conversation): boolean =>
  conversation.last_message?.direction === 'inbound' && ['open', 'pending'].includes(conversation.status)

/** Who has waited longest for an answer, first. */
export function longestWaiting(conversations: Conversation[], count: number): Conversation[] {
  return conversations
    .filter(isWaiting)
    .sort((a, b) => (a.last_message!.created_at < b.last_message!.created_at ? -1 : 1))
    .slice(0, count)
}

/** An answer that reached the provider: notes and failed sends are none. */
export const isReply = (message: Pick<Message, 'direction' | 'status'> & { private?: boolean; type: string }): boolean =>
  message.direction === 'outbound' && !message.private && message.type !== 'note' && ['accepted', 'sent', 'delivered', 'read'].includes(message.status)

export interface Progress {
  channel: boolean
  received: boolean
  replied: boolean
  team: boolean
}
export const STEPS = ['owner', 'channel', 'received', 'replied', 'team'] as const
export type ChecklistStep = (typeof STEPS)[number]
export const isDone = (step: ChecklistStep, progress: Progress): boolean => (step === 'owner' ? true : progress[step])
export const isComplete = (progress: Progress): boolean => STEPS.every((step) => isDone(step, progress))
/** The first step that is still to do. */
export const nextStep = (progress: Progress): ChecklistStep | null => STEPS.find((step) => !isDone(step, progress)) ?? null
