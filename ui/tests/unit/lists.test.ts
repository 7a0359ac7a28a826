import { describe, expect, it } from 'vitest'
import { BEFORE, patchConversations } from '@/features/inbox/cache'
import { fromQuery, fromView, toApi, toQuery } from '@/features/inbox/filters'
import { mentions } from '@/features/inbox/live'
import { moved } from '@/features/inbox/views'
import type { Conversation, Message, SavedView } from '@/lib/api'

const row = (id: string, at: number, more: Partial<Conversation> = {}): Conversation =>
  ({ id, last_activity_at: new Date(at * 1000).toISOString(), unread: 0, waiting_since: null, version: 1, ...more }) as Conversation
const since = (at: number): string => new Date(at * 1000).toISOString()
const view = (id: string, shared = false): SavedView => ({ id, name: id, shared, filter: {}, sort: 'newest', version: 1 })

describe('orders of the list', () => {
  it('put who waits longest first, then the others by activity', () => {
    const rows = [row('a', 9), row('b', 8, { waiting_since: since(5) }), row('c', 7, { waiting_since: since(3) }), row('d', 10)]
    expect(rows.sort((a, b) => (BEFORE.waiting(a, b) ? -1 : 1)).map((each) => each.id)).toEqual(['c', 'b', 'd', 'a'])
  })
  it('put what is unread first', () => {
    const rows = [row('a', 9), row('b', 8, { unread: 1 }), row('c', 7, { unread: 4 }), row('d', 10)]
    expect(rows.sort((a, b) => (BEFORE.unread(a, b) ? -1 : 1)).map((each) => each.id)).toEqual(['b', 'c', 'd', 'a'])
  })
  it('move a row whose place changed, and leave the others as they are', () => {
    const pages = { pages: [{ items: [row('a', 1, { waiting_since: since(1) }), row('b', 2, { waiting_since: since(2) }), row('c', 9)], next_cursor: null }], pageParams: [] }
    const answered = patchConversations(pages, row('a', 20, { version: 2 }), true, BEFORE.waiting)
    expect(answered.pages[0]!.items.map((each) => each.id)).toEqual(['b', 'a', 'c'])
    const same = patchConversations(pages, row('b', 30, { version: 2, waiting_since: since(2) }), true, BEFORE.waiting)
    expect(same.pages[0]!.items.map((each) => each.id)).toEqual(['a', 'b', 'c'])
  })
})

describe('filters', () => {
  it('keep order and unread in the address, and say them to the server', () => {
    const filters = fromQuery({ view: 'mentions', sort: 'waiting', unread: '1', status: 'any' })
    expect(toQuery(filters)).toEqual({ view: 'mentions', sort: 'waiting', unread: '1', status: 'any' })
    expect(toApi(filters)).toEqual({ mentioned: true, unread: true })
    expect(fromQuery({ sort: 'sideways' }).sort).toBe('newest')
  })
  it('come back from a saved view as they were', () => {
    const filters = fromQuery({ view: 'mine', status: 'resolved', label: 'cake', q: 'x', sort: 'unread' })
    expect(fromView({ ...view('a'), filter: toApi(filters), sort: filters.sort })).toEqual(filters)
    const active = fromQuery({ view: 'unassigned' })
    expect(fromView({ ...view('a'), filter: toApi(active) })).toEqual(active)
  })
})

describe('saved views', () => {
  const views = [view('s1', true), view('s2', true), view('a'), view('b'), view('c')]
  it.each([
    ['b', -1, ['b', 'a', 'c']],
    ['b', 1, ['a', 'c', 'b']],
    ['a', -1, null],
    ['c', 1, null],
    ['s1', 1, ['s2', 's1']],
  ] as const)('%s moved by %d among its own: %j', (id, step, ids) => expect(moved(views, views.find((each) => each.id === id)!, step)).toEqual(ids))
})

it('a note mentions whom it names', () => {
  const note = { type: 'note', note: { body: '@Amina', mentions: ['us_1'] } } as unknown as Message
  expect([mentions(note, 'us_1'), mentions(note, 'us_2'), mentions({ ...note, type: 'text' }, 'us_1'), mentions(undefined, 'us_1'), mentions(note, undefined)]).toEqual([true, false, false, false, false])
})
