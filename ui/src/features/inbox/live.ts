/** Keeps the inbox's cache current: live events and the outbox's results, with changes still under way on top. */
import type { Query } from '@tanstack/vue-query'
import { askAgain, ofKind, patchQuery, queryClient } from '@/app/query'
import { user } from '@/app/session'
import { announce, announceNow } from '@/app/shell/announce'
import { t } from '@/app/i18n'
import { api, ok, type Channel, type Contact, type Conversation, type Message, type Page, type User } from '@/lib/api'
import { onLive, type LiveEvent } from '@/lib/live'
import { onRefused, onSettled, outbox } from '@/lib/outbox'
import { toast } from '@/ui'
import { applyPatch, BEFORE, patchConversations, patchMessages, type Pages } from './cache'
import { matches, type Filters } from './filters'
import { applyAgain } from './overtaken'
import { threadKey } from './queries'
import { openConversation } from './state'

export const people = (): User[] => queryClient.getQueryData<Page<User>>(['users'])?.items ?? []

/** The server's record with this device's unconfirmed changes on top. */
export function withPending(conversation: Conversation): Conversation {
  let next = conversation
  for (const item of outbox.values()) {
    if (item.conversation !== conversation.id) continue
    if (item.kind === 'patch') next = applyPatch(next, item.body, people())
    if (item.kind === 'read') next = { ...next, unread: 0 }
    if (item.kind === 'unread') next = { ...next, unread: Math.max(1, next.unread) }
  }
  return next
}

/** Writes a conversation into every list it belongs to and into its own entry. */
export function writeConversation(conversation: Conversation): void {
  const me = user.value?.id ?? ''
  patchQuery<Conversation>(['conversation', conversation.id], (old) => (old && old.version > conversation.version ? old : conversation))
  for (const [key, data] of queryClient.getQueriesData<Pages<Conversation>>({ queryKey: ['conversations'] })) {
    if (!data) continue
    const next = patchConversations(data, conversation, matches(key[1] as Filters, conversation, me), BEFORE[(key[1] as Filters).sort ?? 'newest'])
    if (next !== data) patchQuery(key, () => next)
  }
}

export function writeMessage(message: Message, replace = true): void {
  const id = message.conversation_id
  for (const [key, data] of queryClient.getQueriesData<Pages<Message>>({ queryKey: ['messages', id] })) {
    if (!data) continue
    const next = patchMessages(data, message, key.length === threadKey(id).length, replace)
    if (next !== data) patchQuery(key, () => next)
  }
}

/** Whether a note names this person. */
export function mentions(message: Message | undefined, me: string | undefined): boolean {
  const named = (message?.note as { mentions?: string[] } | undefined)?.mentions
  return !!me && message?.type === 'note' && (named?.includes(me) ?? false)
}

function writeContact(contact: Contact): void {
  patchQuery<Contact>(['contact', contact.id], (old) => (old ? { ...old, ...contact } : old))
  // Name and picture stand beside each conversation, too, wherever it is shown.
  const { name, identities, picture_url } = contact
  const named = (shown: Conversation): Conversation =>
    shown.contact.name === name && shown.contact.picture_url === picture_url ? shown : { ...shown, contact: { ...shown.contact, name, identities, picture_url } }
  for (const id of contact.conversations) {
    patchQuery<Conversation>(['conversation', id], (old) => old && named(old))
    for (const [key, data] of queryClient.getQueriesData<Pages<Conversation>>({ queryKey: ['conversations'] })) {
      if (!data) continue
      const shown = data.pages.flatMap((page) => page.items).find((each) => each.id === id)
      const next = shown && named(shown)
      if (next && next !== shown) patchQuery(key, () => patchConversations(data, next, true, BEFORE[(key[1] as Filters).sort ?? 'newest']))
    }
  }
}
const askedFor = new Set<string>()
/** Whether the list of channels lacks one, which is then asked for again: somebody else added it, and the list may be older. */
function lacksChannel(id: string): boolean {
  const list = queryClient.getQueryData<Page<Channel>>(['channels'])
  const lacks = !list?.items.some((each) => each.id === id)
  if (lacks) void queryClient.invalidateQueries({ queryKey: ['channels'] })
  return lacks
}
function writeChannel(channel: Channel): void {
  if (lacksChannel(channel.id)) return
  patchQuery<Page<Channel>>(['channels'], (old) =>
    old ? { ...old, items: old.items.map((each) => (each.id === channel.id ? channel : each)) } : old,
  )
}

function announceBatch(batch: LiveEvent[]): void {
  const arrived = batch.filter((event) => event.type === 'message.created' && event.data.message?.direction === 'inbound')
  const here = arrived.filter((event) => event.data.message?.conversation_id === openConversation.value).at(-1)
  const name = here?.data.conversation?.contact.name ?? here?.data.message?.author.name ?? ''
  if (here) announce(t('inbox.announce.here', { name, text: here.data.message?.text?.body ?? here.data.message?.type ?? '' }))
  else if (arrived.length > 0) announce(t('inbox.announce.elsewhere', { count: arrived.length }, arrived.length))
  const failed = batch.find((event) => event.type === 'message.updated' && event.data.message?.status === 'failed')
  if (failed) announceNow(t('inbox.announce.failed', { reason: failed.data.message?.error?.title ?? '' }))
}

function write(batch: LiveEvent[]): void {
  // Only the newest state of each conversation and contact matters within a frame.
  const conversations = new Map<string, Conversation>()
  const contacts = new Map<string, Contact>()
  for (const { data, type } of batch) {
    if (data.message) writeMessage(data.message)
    if (data.conversation) conversations.set(data.conversation.id, data.conversation)
    if (data.contact) contacts.set(data.contact.id, data.contact)
    if (type === 'channel.updated' && data.channel) writeChannel(data.channel)
  }
  for (const conversation of conversations.values()) writeConversation(withPending(conversation))
  // After the conversations, which may be new: a contact's name and picture are written into those that are there.
  for (const contact of contacts.values()) writeContact(contact)
  for (const { channel_id } of conversations.values()) {
    // Once each: one that was removed stays away.
    if (!askedFor.has(channel_id) && lacksChannel(channel_id)) askedFor.add(channel_id)
  }
}

const KINDS = ['conversations', 'conversation', 'messages', 'contact', 'channels']
const remember = applyAgain<LiveEvent>(queryClient, KINDS, write)

export function receive(batch: LiveEvent[]): void {
  remember(batch)
  write(batch)
  // Only the server knows that list, and whoever looks at it has seen what it counts.
  const isCounted = ({ queryKey: [kind, filters] }: Query): boolean => kind === 'mentions' || (kind === 'conversations' && (filters as Filters).view === 'mentions')
  if (batch.some(({ data }) => mentions(data.message, user.value?.id))) askAgain(queryClient, isCounted)
  announceBatch(batch)
}

/**
 * A change was made. What the feed told before this answer came was shown with the change on top of it; whether it was before or
 * after the change only the server knows.
 */
function settle(answer: Conversation): void {
  const key = ['conversation', answer.id]
  const wasOvertaken = (queryClient.getQueryData<Conversation>(key)?.version ?? 0) > answer.version
  writeConversation(withPending(answer))
  if (!wasOvertaken) return
  const now = queryClient.fetchQuery({ queryKey: key, queryFn: ({ signal }) => ok(api.GET('/conversations/{id}', { params: { path: { id: answer.id } }, signal })), staleTime: 0 })
  void now.then((conversation) => writeConversation(withPending(conversation))).catch(() => askAgain(queryClient, ofKind('conversations')))
}

let started = false
export function startInboxCache(): void {
  if (started) return
  started = true
  onLive(receive)
  // The first list is asked for before this page is even there.
  askAgain(queryClient, ofKind(...KINDS))
  onSettled((item, result) => {
    if (item.kind === 'message' || item.kind === 'note') writeMessage(result as Message, false)
    else {
      // This change is in the answer; only what came after it is still pending.
      outbox.delete(item.id)
      settle(result as Conversation)
    }
  })
  onRefused((item, error) => {
    if (item.kind === 'message' || item.kind === 'note') {
      announceNow(t('inbox.announce.failed', { reason: error.message }))
      return
    }
    void queryClient.invalidateQueries({ queryKey: ['conversation', item.conversation] })
    void queryClient.invalidateQueries({ queryKey: ['conversations'] })
    toast.error(t('inbox.changeRefused'), error)
  })
}
