/** What Home makes of the lists. */
import type { Conversation, Message } from '@/lib/api'

/** The list by waiting goes on with those who do not. */
export const isWaiting = (conversation: Pick<Conversation, 'waiting_since'>): boolean => conversation.waiting_since !== null

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
