/** What one can do to conversations and messages: at once on screen, through the outbox, with an undo. */
import { reactive } from 'vue'
import { queryClient } from '@/app/query'
import { t } from '@/app/i18n'
import { user } from '@/app/session'
import { api, ok, type Conversation, type ConversationPatch, type Message } from '@/lib/api'
import { enqueue, onRefused, onSettled } from '@/lib/outbox'
import { toast } from '@/ui'
import { applyPatch, inverse, type Pages } from './cache'
import { people, writeConversation, writeMessage } from './live'
import { threadKey } from './queries'
import { stickyUnread, toggle } from './state'

/** The newest cached state of a conversation: copies in lists, and its own, may be of different days. */
export function cached(id: string): Conversation | undefined {
  const lists = queryClient.getQueriesData<Pages<Conversation>>({ queryKey: ['conversations'] })
  const shown = lists.flatMap(([, data]) => data?.pages.flatMap((page) => page.items.filter((item) => item.id === id)) ?? [])
  const own = queryClient.getQueryData<Conversation>(['conversation', id])
  return [own, ...shown].filter((each) => each !== undefined).sort((a, b) => b.version - a.version)[0]
}

/** A message of a conversation, if it is loaded. */
export function messageOf(conversation: string, id: string): Message | undefined {
  const data = queryClient.getQueryData<Pages<Message>>(threadKey(conversation))
  return data?.pages.flatMap((page) => page.items).find((message) => message.id === id)
}

function change(conversation: Conversation, patch: ConversationPatch): string {
  writeConversation(applyPatch(conversation, patch, people()))
  return enqueue(conversation.id, { kind: 'patch', body: patch, seen: conversation.last_message?.id ?? null }).item.id
}

/** Progress of a change of many conversations; failures are named. */
export interface BulkRun {
  total: number
  done: number
  failed: { id: string; name: string; reason: string }[]
  pending: Set<string>
}
export const bulk = reactive<{ run: BulkRun | null }>({ run: null })
let following = false
function followBulk(): void {
  if (following) return
  following = true
  const finish = (id: string): boolean => {
    if (!bulk.run?.pending.delete(id)) return false
    bulk.run.done += 1
    return true
  }
  onSettled((item) => {
    finish(item.id)
    if (bulk.run && bulk.run.pending.size === 0 && bulk.run.failed.length === 0) bulk.run = null
  })
  onRefused((item, error) => {
    if (finish(item.id)) {
      bulk.run?.failed.push({ id: item.conversation, name: cached(item.conversation)?.contact.name ?? item.conversation, reason: error.message })
    }
  })
}

type Patcher = ConversationPatch | ((conversation: Conversation) => ConversationPatch)

/** Changes conversations and offers to take it back. `done` says what was done, for the toast. */
export function changeConversations(ids: readonly string[], patch: Patcher, done: (count: number) => string): void {
  const before = ids.map(cached).filter((each): each is Conversation => each !== undefined)
  if (before.length === 0) return
  const of = (each: Conversation): ConversationPatch => (typeof patch === 'function' ? patch(each) : patch)
  const undo = before.map((each) => [each.id, inverse(each, of(each))] as const)
  const items = before.map((each) => change(each, of(each)))
  if (before.length > 1) {
    followBulk()
    bulk.run = { total: items.length, done: 0, failed: [], pending: new Set(items) }
  }
  toast.undoable(done(before.length), () => {
    for (const [id, back] of undo) {
      const now = cached(id)
      if (now) change(now, back)
    }
  })
}

const named = (key: string, values: Record<string, unknown> = {}) => (count: number): string => t(`inbox.did.${key}`, { count, ...values }, count)

export const setStatus = (ids: readonly string[], status: 'open' | 'pending' | 'on_hold' | 'resolved' | 'closed'): void =>
  changeConversations(ids, { status }, named(status))
export const snooze = (ids: readonly string[], until: string, when: string): void =>
  changeConversations(ids, { status: 'snoozed', snoozed_until: until }, named('snoozed', { when }))
export const assign = (ids: readonly string[], person: { id: string; name: string } | null): void =>
  changeConversations(ids, { assignee_id: person?.id ?? null }, person ? named('assigned', { name: person.name }) : named('unassigned'))
export const assignMe = (ids: readonly string[]): void => {
  if (user.value) assign(ids, user.value)
}
export const setPriority = (ids: readonly string[], priority: Conversation['priority']): void =>
  changeConversations(ids, { priority }, named('priority', { priority: t(`inbox.priority.${priority}`) }))
export const setLabel = (ids: readonly string[], label: string, on: boolean): void =>
  changeConversations(
    ids,
    (each) => ({ labels: on ? [...new Set([...each.labels, label])] : each.labels.filter((other) => other !== label) }),
    named(on ? 'labelled' : 'unlabelled', { label }),
  )

/** Read and unread say nothing in a toast: the row shows it, and the same key takes it back. */
export function markRead(id: string): void {
  const conversation = cached(id)
  if (!conversation || conversation.unread === 0) return
  writeConversation({ ...conversation, unread: 0 })
  enqueue(id, { kind: 'read', body: null })
}
export function markUnread(id: string): void {
  const conversation = cached(id)
  if (!conversation) return
  stickyUnread.value = toggle(stickyUnread.value, id, true)
  writeConversation({ ...conversation, unread: Math.max(1, conversation.unread) })
  enqueue(id, { kind: 'unread', body: null })
}
export function toggleRead(ids: readonly string[]): void {
  const anyRead = ids.some((id) => (cached(id)?.unread ?? 0) === 0)
  for (const id of ids) {
    if (anyRead) markUnread(id)
    else {
      stickyUnread.value = toggle(stickyUnread.value, id, false)
      markRead(id)
    }
  }
}

export async function retryMessage(message: Message): Promise<void> {
  try {
    writeMessage(await ok(api.POST('/messages/{id}/retry', { params: { path: { id: message.id } } })))
  } catch (error) {
    toast.error(t('inbox.message.retryFailed'), error)
  }
}
export async function settleMessage(message: Message, outcome: 'sent' | 'failed' | 'retry'): Promise<void> {
  try {
    writeMessage(await ok(api.POST('/messages/{id}/settle', { params: { path: { id: message.id } }, body: { outcome } })))
  } catch (error) {
    toast.error(t('inbox.message.settleFailed'), error)
  }
}
export async function copyText(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text)
    toast.success(t('common.copied'))
  } catch (error) {
    toast.error(t('inbox.message.copyFailed'), error)
  }
}
