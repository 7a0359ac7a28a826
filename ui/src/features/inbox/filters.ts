/** What the conversation list shows, as it stands in the address. */
import type { LocationQuery } from 'vue-router'
import type { Conversation, ConversationStatus } from '@/lib/api'

export const VIEWS = ['all', 'mine', 'unassigned'] as const
export const STATUS_FILTERS = ['active', 'snoozed', 'resolved', 'closed', 'any'] as const
export interface Filters {
  view: (typeof VIEWS)[number]
  status: (typeof STATUS_FILTERS)[number]
  label: string
  channel: string
  q: string
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
  }
}

/** The address's part for these filters; what is at its default is left out. */
export function toQuery(filters: Filters): Record<string, string> {
  const entries = Object.entries(filters).filter(
    ([key, value]) => value !== '' && !(key === 'view' && value === 'all') && !(key === 'status' && value === 'active'),
  )
  return Object.fromEntries(entries)
}

export const isFiltered = (filters: Filters): boolean => Object.keys(toQuery(filters)).length > 0

export function toApi(filters: Filters): { status?: string; assignee?: string; label?: string; channel?: string; q?: string } {
  const statuses = filters.status === 'active' ? ACTIVE.join(',') : filters.status
  return {
    status: filters.status === 'any' ? undefined : statuses,
    assignee: filters.view === 'mine' ? 'me' : filters.view === 'unassigned' ? 'none' : undefined,
    label: filters.label || undefined,
    channel: filters.channel || undefined,
    q: filters.q || undefined,
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
  return filters.q ? null : true
}
