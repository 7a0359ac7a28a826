/** What the conversation list shows, as it stands in the address. */
import type { LocationQuery } from 'vue-router'
import type { Conversation, ConversationFilter, ConversationStatus, SavedView } from '@/lib/api'

export const VIEWS = ['all', 'mine', 'unassigned', 'mentions'] as const
export const SORTS = ['newest', 'waiting', 'unread'] as const
export type Sort = (typeof SORTS)[number]
export const STATUS_FILTERS = ['active', 'snoozed', 'resolved', 'closed', 'any'] as const
export interface Filters {
  view: (typeof VIEWS)[number]
  status: (typeof STATUS_FILTERS)[number]
  label: string
  channel: string
  q: string
  /** Only what is unread. */
  unread: '' | '1'
  sort: Sort
}
const ACTIVE: ConversationStatus[] = ['open', 'pending', 'on_hold']

const text = (value: LocationQuery[string] | undefined): string => (typeof value === 'string' ? value.slice(0, 200) : '')
const oneOf = <T extends string>(values: readonly T[], value: string, fallback: T): T =>
  values.find((each) => each === value) ?? fallback

export function fromQuery(query: LocationQuery): Filters {
  return {
    view: oneOf(VIEWS, text(query.view), 'all'),
    status: oneOf(STATUS_FILTERS, text(query.status), 'active'),
    label: text(query.label),
    channel: text(query.channel),
    q: text(query.q),
    unread: query.unread === '1' ? '1' : '',
    sort: oneOf(SORTS, text(query.sort), 'newest'),
  }
}

/** The address's part for these filters; what is at its default is left out. */
export function toQuery(filters: Filters): Record<string, string> {
  const entries = Object.entries(filters).filter(
    ([key, value]) => value !== '' && !(key === 'view' && value === 'all') && !(key === 'status' && value === 'active') && !(key === 'sort' && value === 'newest'),
  )
  return Object.fromEntries(entries)
}

export const isFiltered = (filters: Filters): boolean => Object.keys(toQuery({ ...filters, sort: 'newest' })).length > 0

/** What the server is asked for. */
export type Wanted = { [K in keyof ConversationFilter]?: NonNullable<ConversationFilter[K]> }
export function toApi(filters: Filters): Wanted {
  const statuses = filters.status === 'active' ? ACTIVE.join(',') : filters.status
  return {
    status: filters.status === 'any' ? undefined : statuses,
    assignee: filters.view === 'mine' ? 'me' : filters.view === 'unassigned' ? 'none' : undefined,
    label: filters.label || undefined,
    channel: filters.channel || undefined,
    q: filters.q || undefined,
    unread: filters.unread === '1' || undefined,
    mentioned: filters.view === 'mentions' || undefined,
  }
}

/** The filters that a saved view means, as far as this list can show them. */
export function fromView(view: SavedView): Filters {
  const { status, assignee, label, channel, q, unread, mentioned } = view.filter
  const known = STATUS_FILTERS.find((each) => each === status)
  return {
    view: mentioned ? 'mentions' : assignee === 'me' ? 'mine' : assignee === 'none' ? 'unassigned' : 'all',
    status: known ?? (status === ACTIVE.join(',') ? 'active' : status ? 'active' : 'any'),
    label: label ?? '', channel: channel ?? '', q: q ?? '', unread: unread ? '1' : '', sort: oneOf(SORTS, view.sort, 'newest'),
  }
}

/** Whether a conversation belongs into the list; null when only the server can tell (free text). */
export function matches(filters: Filters, conversation: Conversation, me: string): boolean | null {
  const statuses: string[] = filters.status === 'active' ? ACTIVE : [filters.status]
  if (filters.status !== 'any' && !statuses.includes(conversation.status)) return false
  if (filters.view === 'mine' && conversation.assignee?.id !== me) return false
  if (filters.view === 'unassigned' && conversation.assignee) return false
  if (filters.label && !conversation.labels.includes(filters.label)) return false
  if (filters.channel && conversation.channel_id !== filters.channel) return false
  if (filters.unread && conversation.unread === 0) return false
  return filters.q || filters.view === 'mentions' ? null : true
}
