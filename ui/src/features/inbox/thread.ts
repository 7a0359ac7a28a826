/** A thread's rows: day dividers, the "New" divider, messages in groups, and what waits in the outbox. */
import type { Message } from '@/lib/api'
import { dayKey } from '@/lib/format'
import type { OutboxItem } from '@/lib/outbox'

export type Row =
  | { kind: 'start'; key: string }
  | { kind: 'day'; key: string; at: string }
  | { kind: 'new'; key: string }
  | { kind: 'message'; key: string; message: Message; first: boolean; last: boolean; reactions: Reaction[]; working: boolean }
  | { kind: 'pending'; key: string; item: OutboxItem }

const GROUP_MS = 5 * 60_000
const speaker = (message: Message): string => `${message.direction}:${message.private}:${message.author.kind}:${message.author.id ?? ''}`
function together(a: Message | undefined, b: Message | undefined): boolean {
  if (!a || !b || speaker(a) !== speaker(b)) return false
  return Math.abs(Date.parse(b.created_at) - Date.parse(a.created_at)) < GROUP_MS && dayKey(a.created_at) === dayKey(b.created_at)
}

/** Outbox items that the thread does not show yet: the live feed can bring a message before its own answer arrives. */
export function unseen(items: readonly OutboxItem[], messages: readonly Message[], me: string): OutboxItem[] {
  const taken = new Set<string>()
  return items.filter((item) => {
    if (item.kind !== 'message' && item.kind !== 'note') return false
    if (item.state !== 'sending') return true
    const type = item.kind === 'note' ? 'note' : item.body.type
    const twin = messages.find(
      (message) =>
        !taken.has(message.id) && message.type === type && message.author.id === me &&
        saysSame(item, message) && Date.parse(message.created_at) > item.createdAt - 60_000,
    )
    if (twin) taken.add(twin.id)
    return !twin
  })
}

/** Texts are compared as they are; the server may put tracked links into the words and complete other contents. */
function saysSame(item: OutboxItem, message: Message): boolean {
  if (item.kind === 'note') return message.note?.body === item.body.body
  if (item.kind !== 'message' || item.body.type !== 'text') return true
  return item.body.track_links === true || message.text?.body === item.body.text?.body
}

export interface Reaction {
  emoji: string
  direction: Message['direction']
  /** Who of the team, for ours. */
  name?: string
}
const ABOUT = new Set(['reaction', 'edit', 'revoke', 'comment_action'])
type Loose = { message_id?: string; emoji?: string; original_message_id?: string } | null | undefined
/**
 * The server works reactions, edits and deletions into the message they are about; their own rows are then not shown,
 * unless one of ours failed. Messages of older versions carry none: there the newest reaction of each side is found here.
 */
export function reactionsOn(messages: readonly Message[], pending: readonly OutboxItem[] = []): { on: Map<string, Reaction[]>; shown: Set<string> } {
  const byProvider = new Map(messages.flatMap((message) => (message.provider_message_id ? [[message.provider_message_id, message.id] as const] : [])))
  const byId = new Map(messages.map((message) => [message.id, message]))
  const sides = new Map<string, Map<string, Reaction>>()
  const shown = new Set<string>()
  const side = (target: string): Map<string, Reaction> => {
    const known = sides.get(target) ?? new Map<string, Reaction>()
    sides.set(target, known)
    return known
  }
  for (const message of messages) {
    if (!ABOUT.has(message.type)) continue
    const body = message[message.type] as Loose
    const own = message.context?.message_id
    const target = own ?? byProvider.get(body?.message_id ?? body?.original_message_id ?? '')
    const stuck = message.direction === 'outbound' && (message.status === 'failed' || message.status === 'doubtful')
    if (!target || stuck || (message.type !== 'reaction' && !own)) continue
    shown.add(message.id)
    if (message.type !== 'reaction' || !byId.has(target)) continue
    if (body?.emoji) side(target).set(message.direction, { emoji: body.emoji, direction: message.direction })
    else side(target).delete(message.direction)
  }
  for (const message of messages) {
    for (const reaction of message.reactions ?? []) side(message.id).set(reaction.direction, { emoji: reaction.emoji, direction: reaction.direction, name: reaction.by?.name ?? undefined })
  }
  for (const item of pending) {
    const body = reactionOf(item)
    if (!body || item.state === 'failed') continue
    if (body.emoji) side(body.message_id).set('outbound', { emoji: body.emoji, direction: 'outbound' })
    else side(body.message_id).delete('outbound')
  }
  return { on: new Map([...sides].map(([id, both]) => [id, [...both.values()]])), shown }
}
/** Comments with which something is being done: asked for, and not done or failed yet. */
function beingManaged(messages: readonly Message[], pending: readonly OutboxItem[]): Set<string> {
  const queued = messages.flatMap((message) => (message.type === 'comment_action' && message.status === 'queued' && message.context?.message_id ? [message.context.message_id] : []))
  return new Set([...queued, ...pending.flatMap((item) => (managing(item) && item.state !== 'failed' ? [managing(item)!] : []))])
}
/** The comment that what waits in the outbox is about, if it hides, shows or deletes one. */
const managing = (item: OutboxItem): string | null =>
  item.kind === 'message' && item.body.type === 'comment_action' ? (item.body.context?.message_id ?? null) : null
/** The reaction that waits in the outbox, if it is one. */
export function reactionOf(item: OutboxItem): { message_id: string; emoji: string } | null {
  return item.kind === 'message' && item.body.type === 'reaction' ? (item.body.reaction as { message_id: string; emoji: string }) : null
}

export interface ThreadParts {
  messages: readonly Message[]
  pending: readonly OutboxItem[]
  /** Id of the first message that was new when the thread was opened. */
  firstNew: string | null
  /** All older messages are loaded. */
  complete: boolean
}

export function threadRows({ messages: all, pending, firstNew, complete }: ThreadParts): Row[] {
  const { on, shown } = reactionsOn(all, pending)
  const messages = all.filter((message) => !shown.has(message.id))
  const managed = beingManaged(all, pending)
  const rows: Row[] = complete ? [{ kind: 'start', key: 'start' }] : []
  let day = ''
  messages.forEach((message, index) => {
    const itsDay = dayKey(message.created_at)
    if (itsDay !== day) rows.push({ kind: 'day', key: `day:${itsDay}`, at: message.created_at })
    day = itsDay
    if (message.id === firstNew) rows.push({ kind: 'new', key: 'new' })
    rows.push({
      kind: 'message', key: message.id, message, reactions: on.get(message.id) ?? [], working: managed.has(message.id),
      first: message.id === firstNew || !together(messages[index - 1], message),
      last: messages[index + 1]?.id === firstNew || !together(message, messages[index + 1]),
    })
  })
  // What is under way about a message already stands on it.
  for (const item of pending) if (!(reactionOf(item) || managing(item)) || item.state === 'failed') rows.push({ kind: 'pending', key: item.id, item })
  return rows
}

/** The first of the newest `unread` messages of the customer that nobody has answered. */
export function firstUnread(messages: readonly Message[], unread: number): string | null {
  if (unread <= 0) return null
  // What was answered has been seen, whoever counted: the divider never stands before a reply.
  const replied = messages.findLastIndex((message) => message.direction === 'outbound' && !message.private)
  const inbound = messages.slice(replied + 1).filter((message) => message.direction === 'inbound')
  return inbound.length > 0 ? inbound[Math.max(0, inbound.length - unread)]!.id : null
}
