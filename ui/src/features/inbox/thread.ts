/** A thread's rows: day dividers, the "New" divider, messages in groups, and what waits in the outbox. */
import type { Message } from '@/lib/api'
import { dayKey } from '@/lib/format'
import type { OutboxItem } from '@/lib/outbox'

export type Row =
  | { kind: 'start'; key: string }
  | { kind: 'day'; key: string; at: string }
  | { kind: 'new'; key: string }
  | { kind: 'message'; key: string; message: Message; first: boolean; last: boolean; reactions: Reaction[] }
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
    const body = item.kind === 'note' ? item.body.body : item.body.text?.body
    const type = item.kind === 'note' ? 'note' : item.body.type
    const twin = messages.find(
      (message) =>
        !taken.has(message.id) && message.type === type && message.author.id === me &&
        (message.note ?? message.text)?.body === body && Date.parse(message.created_at) > item.createdAt - 60_000,
    )
    if (twin) taken.add(twin.id)
    return !twin
  })
}

export interface Reaction {
  emoji: string
  direction: Message['direction']
}
/**
 * Reactions come as messages of their own that name the message they are about. Those whose message is loaded are
 * shown on it (the newest of each side; an empty one takes it back) and not as rows.
 */
export function reactionsOn(messages: readonly Message[]): { on: Map<string, Reaction[]>; shown: Set<string> } {
  const byProvider = new Map(messages.flatMap((message) => (message.provider_message_id ? [[message.provider_message_id, message.id] as const] : [])))
  const known = new Set(messages.map((message) => message.id))
  const sides = new Map<string, Map<string, Reaction>>()
  const shown = new Set<string>()
  for (const message of messages) {
    if (message.type !== 'reaction') continue
    const body = message.reaction as { message_id?: string; emoji?: string } | null | undefined
    const own = message.context?.message_id
    const target = own && known.has(own) ? own : byProvider.get(body?.message_id ?? message.context?.provider_message_id ?? '')
    if (!target) continue
    shown.add(message.id)
    const side = sides.get(target) ?? new Map<string, Reaction>()
    if (body?.emoji) side.set(message.direction, { emoji: body.emoji, direction: message.direction })
    else side.delete(message.direction)
    sides.set(target, side)
  }
  return { on: new Map([...sides].map(([id, side]) => [id, [...side.values()]])), shown }
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
  const { on, shown } = reactionsOn(all)
  const messages = all.filter((message) => !shown.has(message.id))
  const rows: Row[] = complete ? [{ kind: 'start', key: 'start' }] : []
  let day = ''
  messages.forEach((message, index) => {
    const itsDay = dayKey(message.created_at)
    if (itsDay !== day) rows.push({ kind: 'day', key: `day:${itsDay}`, at: message.created_at })
    day = itsDay
    if (message.id === firstNew) rows.push({ kind: 'new', key: 'new' })
    rows.push({
      kind: 'message', key: message.id, message, reactions: on.get(message.id) ?? [],
      first: message.id === firstNew || !together(messages[index - 1], message),
      last: messages[index + 1]?.id === firstNew || !together(message, messages[index + 1]),
    })
  })
  for (const item of pending) rows.push({ kind: 'pending', key: item.id, item })
  return rows
}

/** The first of the newest `unread` inbound messages. */
export function firstUnread(messages: readonly Message[], unread: number): string | null {
  if (unread <= 0) return null
  const inbound = messages.filter((message) => message.direction === 'inbound')
  return inbound.length > 0 ? inbound[Math.max(0, inbound.length - unread)]!.id : null
}
