import { describe, expect, it } from 'vitest'
import type { Conversation, Message } from '@/lib/api'
import { applyPatch, flatten, inverse, patchConversations, patchMessages, shorten, type Pages } from '@/features/inbox/cache'
import { fromQuery, matches, toApi, toQuery, type Filters } from '@/features/inbox/filters'
import { reactionsOn } from '@/features/inbox/thread'
import { hold } from '@/features/inbox/order'

const at = (minute: number): string => `2026-11-20T10:${String(minute).padStart(2, '0')}:00.000000Z`
const conversation = (id: string, minute: number, more: Partial<Conversation> = {}): Conversation => ({
  id, contact: { id: `p${id}`, name: id, identities: [], picture_url: null }, channel_id: 'c', status: 'open', assignee: null, labels: [],
  priority: 'normal', unread: 0, last_message: null, last_activity_at: at(minute), created_at: at(0), snoozed_until: null, waiting_since: null,
  window: { open: true, expires_at: null, free_until: null }, version: 1, ...more,
})
const pages = <T>(items: T[][], more = true): Pages<T> => ({
  pages: items.map((each, index) => ({ items: each, next_cursor: more || index < items.length - 1 ? `c${index}` : null })),
  pageParams: items.map((_, index) => (index === 0 ? null : `c${index - 1}`)),
})
const ids = (data: Pages<{ id: string }>): string => data.pages.map((page) => page.items.map((item) => item.id).join('')).join('|')

describe('a changed conversation in loaded pages', () => {
  const data = pages([[conversation('a', 50), conversation('b', 40)], [conversation('c', 30), conversation('d', 20)]])

  it('moves up when something happened in it', () => {
    expect(ids(patchConversations(data, conversation('d', 55, { version: 2 }), true))).toBe('dab|c')
    expect(ids(patchConversations(data, conversation('c', 45, { version: 2 }), true))).toBe('acb|d')
  })
  it('stays in place, and leaves other pages untouched, when its activity did not change', () => {
    const next = patchConversations(data, conversation('c', 30, { unread: 2, version: 2 }), true)
    expect(ids(next)).toBe('ab|cd')
    expect(next.pages[0]).toBe(data.pages[0])
    expect(next.pages[1]!.items[0]!.unread).toBe(2)
  })
  it('is ignored when it is older than what is shown', () => {
    const newer = patchConversations(data, conversation('a', 50, { unread: 3, version: 5 }), true)
    expect(patchConversations(newer, conversation('a', 50, { version: 4 }), true)).toBe(newer)
  })
  it('leaves a list that it no longer matches, and never enters one it does not', () => {
    expect(ids(patchConversations(data, conversation('b', 40, { status: 'resolved', version: 2 }), false))).toBe('a|cd')
    expect(patchConversations(data, conversation('x', 59), false)).toBe(data)
    expect(patchConversations(data, conversation('x', 59), null)).toBe(data)
  })
  it('enters by its time; what is older than everything loaded waits for its own page', () => {
    expect(ids(patchConversations(data, conversation('x', 35), true))).toBe('ab|xcd')
    expect(patchConversations(data, conversation('x', 5), true)).toBe(data)
    expect(ids(patchConversations(pages([[conversation('a', 50)]], false), conversation('x', 5), true))).toBe('ax')
  })
  it('is shown once even if a page loaded later brings it again', () => {
    const doubled = pages([[conversation('d', 55), conversation('a', 50)], [conversation('d', 20)]])
    expect(flatten(doubled).map((each) => each.id)).toEqual(['d', 'a'])
  })
})

describe('messages', () => {
  const message = (id: string, minute: number, status: Message['status'] = 'sent'): Message => ({
    id, conversation_id: 'k', direction: 'outbound', type: 'text', text: { body: id }, author: { kind: 'user' }, status, status_times: {},
    provider_message_id: null, context: null, error: null, reactions: [], created_at: at(minute), provider_at: null, pricing: null,
    raw_event_id: null, trace_id: 't', private: false,
  })
  const data = pages([[message('c', 30), message('b', 20)], [message('a', 10)]])

  it('come in by time, newest first, also when they arrive out of order', () => {
    expect(ids(patchMessages(data, message('d', 40)))).toBe('dcb|a')
    expect(ids(patchMessages(data, message('x', 25)))).toBe('cxb|a')
  })
  it('are replaced by their newer state, wherever they lie', () => {
    const next = patchMessages(data, message('a', 10, 'read'))
    expect(next.pages[1]!.items[0]!.status).toBe('read')
    expect(next.pages[0]).toBe(data.pages[0])
  })
  it('an answer that comes after the live feed does not turn the clock back', () => {
    const live = patchMessages(data, message('d', 40, 'delivered'))
    expect(patchMessages(live, message('d', 40, 'queued'), true, false)).toBe(live)
  })
  it('new ones do not enter a part of the thread that does not end in the present', () => {
    expect(patchMessages(data, message('d', 40), false)).toBe(data)
  })
})

describe('a change under way', () => {
  const people = [{ id: 'u', name: 'Amina' }]
  it('is laid over the record and can be taken back exactly', () => {
    const before = conversation('a', 1, { labels: ['vip'], assignee: { id: 'x', name: 'X' }, status: 'snoozed', snoozed_until: at(59) })
    for (const patch of [{ assignee_id: 'u' }, { assignee_id: null }, { labels: [] }, { priority: 'high' as const }, { status: 'resolved' as const }]) {
      const after = applyPatch(before, patch, people)
      expect(after).not.toEqual(before)
      expect(applyPatch(after, inverse(before, patch), [...people, { id: 'x', name: 'X' }])).toEqual(before)
    }
    expect(applyPatch(before, { assignee_id: 'u' }, people).assignee).toEqual({ id: 'u', name: 'Amina' })
  })
})

describe('filters', () => {
  const all: Filters = { view: 'all', status: 'active', label: '', channel: '', q: '', unread: '', sort: 'newest' }
  it('survive the address and leave defaults out', () => {
    const filters: Filters = { view: 'mine', status: 'resolved', label: 'vip', channel: 'c', q: 'كعكة', unread: '1', sort: 'waiting' }
    expect(fromQuery(toQuery(filters))).toEqual(filters)
    expect(toQuery(all)).toEqual({})
    expect(fromQuery({ view: 'nonsense', status: ['x'], q: null })).toEqual(all)
  })
  it('mean the same here as on the server', () => {
    expect(toApi({ ...all, view: 'unassigned', label: 'vip' })).toEqual({ status: 'open,pending,on_hold', assignee: 'none', label: 'vip', channel: undefined, q: undefined })
    expect(matches(all, conversation('a', 1, { status: 'on_hold' }), 'me')).toBe(true)
    expect(matches(all, conversation('a', 1, { status: 'closed' }), 'me')).toBe(false)
    expect(matches({ ...all, view: 'mine' }, conversation('a', 1, { assignee: { id: 'me', name: '' } }), 'me')).toBe(true)
    expect(matches({ ...all, view: 'unassigned' }, conversation('a', 1, { assignee: { id: 'me', name: '' } }), 'me')).toBe(false)
    expect(matches({ ...all, label: 'vip' }, conversation('a', 1), 'me')).toBe(false)
    expect(matches({ ...all, q: 'x' }, conversation('a', 1), 'me')).toBeNull()
  })
})

describe('the order that is held while somebody reads', () => {
  const split = (text: string): string[] => [...text]
  it.each([
    ['abc', 'abc', 'abc', 0],
    ['abc', 'xabc', 'abc', 1],
    ['abc', 'cab', 'abc', 1],
    ['abc', 'xcab', 'abc', 2],
    ['abc', 'ac', 'ac', 0],
    ['abc', 'abcde', 'abcde', 0],
    ['abc', 'yabcd', 'abcd', 1],
    ['abc', 'bca', 'abc', 2],
  ])('%s shown, %s now: %s stay, %i wait', (shown, actual, kept, waiting) => {
    expect(hold(split(shown), split(actual))).toEqual({ ids: split(kept), waiting })
  })
})

describe('reactions', () => {
  const message = (id: string, type: string, more: Partial<Message> = {}): Message => ({
    id, conversation_id: 'k', direction: 'inbound', type, author: { kind: 'customer' }, status: 'received', status_times: {},
    provider_message_id: `wamid.${id}`, context: null, error: null, reactions: [], created_at: at(1), provider_at: null, pricing: null,
    raw_event_id: null, trace_id: 't', private: false, ...more,
  })
  const react = (id: string, target: string, emoji: string, direction: Message['direction'] = 'inbound') =>
    message(id, 'reaction', { direction, reaction: { message_id: target, emoji } })

  it('stand on their message, the newest of each side, and go when taken back', () => {
    const { on, shown } = reactionsOn([
      message('a', 'text'), react('r1', 'wamid.a', '👍'), react('r2', 'wamid.a', '❤️'), react('r3', 'wamid.a', '🎉', 'outbound'),
      message('b', 'text'), react('r4', 'wamid.b', '👍'), react('r5', 'wamid.b', ''), react('r6', 'wamid.unloaded', '👍'),
    ])
    expect(on.get('a')?.map((each) => each.emoji)).toEqual(['❤️', '🎉'])
    expect(on.get('b')).toEqual([])
    expect([...shown]).toEqual(['r1', 'r2', 'r3', 'r4', 'r5'])
  })
})

describe('a list that was scrolled far down and left', () => {
  it('keeps its first pages only', () => {
    const data: Pages<{ id: string }> = { pages: ['a', 'b', 'c'].map((id) => ({ items: [{ id }], next_cursor: id })), pageParams: [null, 'a', 'b'] }
    expect(shorten(data, 3)).toBe(data)
    expect(shorten(data, 2)).toEqual({ pages: data.pages.slice(0, 2), pageParams: [null, 'a'] })
    expect(shorten(undefined, 2)).toBeUndefined()
  })
})
