import { describe, expect, it } from 'vitest'
import { worthTelling } from '@/app/notify'
import { isQuiet } from '@/app/quiet'
import type { NotificationSettings } from '@/lib/api'
import type { LiveEvent } from '@/lib/live'

const ALL: NotificationSettings = { assigned: true, unassigned: true, mentions: true, alerts: true, sound: false, quiet: null, show_text: true }
const event = (conversation_id: string, direction: 'inbound' | 'outbound', assignee: string | null, type = 'message.created', more: object = {}): LiveEvent =>
  ({ seq: 1, type, at: '', data: { message: { conversation_id, direction, author: { id: 'x' }, ...more }, conversation: { assignee: assignee && { id: assignee, name: '' } } } }) as unknown as LiveEvent
const note = (id: string, mentions: string[], author = 'x'): LiveEvent => event(id, 'outbound', 'other', 'message.created', { type: 'note', note: { body: '', mentions }, author: { id: author } })
const alert = { seq: 2, type: 'alert.raised', at: '', data: { alert_id: '1' } } as unknown as LiveEvent
const batch = [
  event('mine', 'inbound', 'me'), event('free', 'inbound', null), event('theirs', 'inbound', 'other'), event('seen', 'inbound', 'me'),
  event('sent', 'outbound', 'me'), event('old', 'inbound', 'me', 'message.updated'), note('named', ['me']), note('others', ['you']), note('own', ['me'], 'me'), note('seen', ['me']), alert,
]
const told = (change: Partial<NotificationSettings>): string[] =>
  worthTelling(batch, 'me', 'seen', { ...ALL, ...change }).map(({ kind, event: each }) => each.data.message?.conversation_id ?? kind)

describe('what is worth a notice', () => {
  it.each([
    [{}, ['mine', 'free', 'named', 'alert']],
    [{ assigned: false }, ['free', 'named', 'alert']],
    [{ unassigned: false }, ['mine', 'named', 'alert']],
    [{ mentions: false }, ['mine', 'free', 'alert']],
    [{ alerts: false }, ['mine', 'free', 'named']],
  ] as const)('with %j: %j', (change, expected) => expect(told(change)).toEqual(expected))
})

describe('quiet hours', () => {
  const night = { from: '22:00', to: '07:00', timezone: 'Africa/Nairobi' }
  it.each([
    ['2026-11-20T18:59:59Z', false],
    ['2026-11-20T19:00:00Z', true],
    ['2026-11-20T21:30:00Z', true],
    ['2026-11-21T03:59:59Z', true],
    ['2026-11-21T04:00:00Z', false],
  ])('over midnight in their own time zone: %s', (at, quiet) => expect(isQuiet(night, Date.parse(at))).toBe(quiet))
  it('within a day, and none', () => {
    const noon = { from: '12:00', to: '13:00', timezone: 'UTC' }
    expect([11, 12, 13].map((hour) => isQuiet(noon, Date.UTC(2026, 0, 1, hour)))).toEqual([false, true, false])
    expect(isQuiet(null, 0)).toBe(false)
  })
  it('in a zone that the browser does not know, by its own clock', () => expect(() => isQuiet({ ...night, timezone: 'Mars/Base' }, 0)).not.toThrow())
})
