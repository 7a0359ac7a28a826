/**
 * How a changed record goes into cached pages: pure, and without copying what did not change, so that fifty updates a
 * second stay cheap. Conversations are ordered by newest activity, messages by newest first, as the server orders them.
 */
import type { Sort } from './filters'
import type { Conversation, ConversationPatch, Message, Page, User } from '@/lib/api'

export interface Pages<T> {
  pages: Page<T>[]
  pageParams: unknown[]
}

/** Whether a conversation stands before another in a list of that order, as the server orders them. */
export type Before = (a: Conversation, b: Conversation) => boolean
const byActivity: Before = (a, b) => newer({ at: a.last_activity_at, id: a.id }, { at: b.last_activity_at, id: b.id })
export const BEFORE: Record<Sort, Before> = {
  newest: byActivity,
  waiting: (a, b) => {
    if (a.waiting_since && b.waiting_since) return a.waiting_since === b.waiting_since ? a.id < b.id : a.waiting_since < b.waiting_since
    return a.waiting_since || b.waiting_since ? !!a.waiting_since : byActivity(a, b)
  },
  unread: (a, b) => (a.unread > 0 === b.unread > 0 ? byActivity(a, b) : a.unread > 0),
}

const newer = (a: { at: string; id: string }, b: { at: string; id: string }): boolean =>
  a.at === b.at ? a.id > b.id : a.at > b.at

function replaceAt<T>(list: T[], index: number, value: T): T[] {
  const next = list.slice()
  next[index] = value
  return next
}
function withPage<T>(data: Pages<T>, index: number, items: T[]): Pages<T> {
  return { ...data, pages: replaceAt(data.pages, index, { ...data.pages[index]!, items }) }
}
function find<T extends { id: string }>(data: Pages<T>, id: string): [number, number] | null {
  for (let page = 0; page < data.pages.length; page += 1) {
    const index = data.pages[page]!.items.findIndex((item) => item.id === id)
    if (index >= 0) return [page, index]
  }
  return null
}
function insert<T extends { id: string }>(data: Pages<T>, item: T, before: (a: T, b: T) => boolean): Pages<T> {
  for (let page = 0; page < data.pages.length; page += 1) {
    const { items, next_cursor } = data.pages[page]!
    const index = items.findIndex((other) => before(item, other))
    if (index >= 0) return withPage(data, page, [...items.slice(0, index), item, ...items.slice(index)])
    const last = page === data.pages.length - 1
    // Older than all that is loaded: it comes with its own page, if there is one.
    if (last) return next_cursor === null ? withPage(data, page, [...items, item]) : data
  }
  return data
}

/** Puts a conversation where it belongs, or takes it out of a list that it no longer matches. */
export function patchConversations(data: Pages<Conversation>, next: Conversation, belongs: boolean | null, before: Before = byActivity): Pages<Conversation> {
  const at = find(data, next.id)
  if (at === null) return belongs === true ? insert(data, next, before) : data
  const [page, index] = at
  const items = data.pages[page]!.items
  const old = items[index]!
  if (old.version > next.version) return data
  if (belongs !== false && !before(old, next) && !before(next, old)) return withPage(data, page, replaceAt(items, index, next))
  const without = withPage(data, page, items.filter((_, other) => other !== index))
  return belongs === false ? without : insert(without, next, before)
}

/** Adds a message or replaces its older state. `insertNew` is false for parts of a thread that do not end in the present. */
export function patchMessages(data: Pages<Message>, next: Message, insertNew = true, replace = true): Pages<Message> {
  const at = find(data, next.id)
  if (at === null) return insertNew ? insert(data, next, (a, b) => newer({ at: a.created_at, id: a.id }, { at: b.created_at, id: b.id })) : data
  if (!replace) return data
  return withPage(data, at[0], replaceAt(data.pages[at[0]]!.items, at[1], next))
}

/** A conversation as it will be when a pending change has been accepted. */
export function applyPatch(conversation: Conversation, patch: ConversationPatch, people: readonly Pick<User, 'id' | 'name'>[]): Conversation {
  const { assignee_id, labels, status, priority, snoozed_until } = patch
  const next: Conversation = {
    ...conversation,
    labels: labels ?? conversation.labels,
    status: status ?? conversation.status,
    priority: priority ?? conversation.priority,
    snoozed_until: snoozed_until === undefined ? conversation.snoozed_until : snoozed_until,
  }
  if (assignee_id !== undefined) {
    const person = people.find((each) => each.id === assignee_id)
    next.assignee = assignee_id === null ? null : { id: assignee_id, name: person?.name ?? conversation.assignee?.name ?? '' }
  }
  if (status !== undefined && status !== 'snoozed') next.snoozed_until = null
  return next
}

/** The change that takes a change back. */
export function inverse(conversation: Conversation, patch: ConversationPatch): ConversationPatch {
  const back: ConversationPatch = {}
  if ('status' in patch || 'snoozed_until' in patch) {
    back.status = conversation.status
    if (conversation.status === 'snoozed') back.snoozed_until = conversation.snoozed_until
  }
  if ('assignee_id' in patch) back.assignee_id = conversation.assignee?.id ?? null
  if ('labels' in patch) back.labels = conversation.labels
  if ('priority' in patch) back.priority = conversation.priority
  return back
}

/** The first pages only: what lies deeper is asked for again when somebody goes there. */
export function shorten<T>(data: Pages<T> | undefined, keep: number): Pages<T> | undefined {
  if (!data || data.pages.length <= keep) return data
  return { pages: data.pages.slice(0, keep), pageParams: data.pageParams.slice(0, keep) }
}

/** All items of the loaded pages, once each: an item that moved up can still be in an older page too. */
export function flatten<T extends { id: string }>(data: Pages<T> | undefined): T[] {
  const all = new Map<string, T>()
  for (const { items } of data?.pages ?? []) for (const item of items) if (!all.has(item.id)) all.set(item.id, item)
  return [...all.values()]
}
