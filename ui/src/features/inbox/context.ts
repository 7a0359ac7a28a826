/** What the open thread offers its messages: whether something can be sent there, and the ways to answer a message. */
import { computed, inject, type InjectionKey, provide, type Ref } from 'vue'
import type { Channel, Conversation, Message } from '@/lib/api'
import { enqueue } from '@/lib/outbox'
import { setQuote } from './extras'
import { requestCompose } from './state'

export interface ThreadContext {
  conversation: Readonly<Ref<Conversation>>
  channel: Readonly<Ref<Channel | undefined>>
  /** Whether the channel can send this kind of content. */
  sends: (kind: string) => boolean
}
const KEY: InjectionKey<ThreadContext> = Symbol('thread')

export function provideThread(conversation: Readonly<Ref<Conversation>>, channel: Readonly<Ref<Channel | undefined>>): void {
  const kinds = computed(() => new Set(channel.value?.capabilities.sends ?? []))
  provide(KEY, { conversation, channel, sends: (kind) => kinds.value.has(kind) })
}
export const useThread = (): ThreadContext | null => inject(KEY, null)

const DAY = 86_400_000
/** Messages about other messages; they are not answered themselves. */
const ABOUT = new Set(['reaction', 'edit', 'revoke', 'system', 'comment_action'])
const canBeAnswered = (message: Message): boolean => !!message.provider_message_id && !message.private && !message.deleted && !ABOUT.has(message.type)
/** Only where the customer sees the quote: on some channels an answer can name no other message, or only a comment. */
export function canQuote(message: Message, channel: Pick<Channel, 'capabilities'> | undefined): boolean {
  const quotes = channel?.capabilities.quotes ?? 'none'
  return canBeAnswered(message) && (quotes === 'any' || (quotes === 'comments' && message.type === 'comment'))
}
/** Providers take a reaction to a customer's message of the last 30 days. */
export const canReact = (message: Message, at = Date.now()): boolean =>
  canBeAnswered(message) && message.type !== 'comment' && message.direction === 'inbound' && at - Date.parse(message.provider_at ?? message.created_at) < 30 * DAY

export function reply(message: Message): void {
  setQuote(message.conversation_id, message.id)
  requestCompose('reply')
}
/** Puts an emoji on a message of the customer; an empty one takes ours back. */
export function react(message: Message, emoji: string): void {
  enqueue(message.conversation_id, { kind: 'message', body: { type: 'reaction', reaction: { message_id: message.id, emoji } } })
}
/** What the business can still do with a comment, where the channel lets it. Those that mention it stand under others' posts. */
export function canManage(message: Message, thread: ThreadContext | null): { reply: boolean; hide: boolean; unhide: boolean; remove: boolean } {
  const body = message.comment as { on?: string } | undefined
  const may = message.type === 'comment' && message.direction === 'inbound' && !!message.provider_message_id && body?.on !== 'mention' && !message.comment_state?.deleted
  const hidden = !!message.comment_state?.hidden
  const acts = may && (thread?.sends('comment_action') ?? false)
  return { reply: may && !hidden && (thread?.sends('comment_reply') ?? false), hide: acts && !hidden, unhide: acts && hidden, remove: acts }
}
export function manage(message: Message, action: 'hide' | 'unhide' | 'delete'): void {
  enqueue(message.conversation_id, { kind: 'message', body: { type: 'comment_action', comment_action: { action }, context: { message_id: message.id } } })
}
export const messageLink = (message: Message): string => `${location.origin}/inbox/${message.conversation_id}?message=${message.id}`
