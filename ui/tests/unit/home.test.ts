import { describe, expect, it } from 'vitest'
import { isComplete, isReply, longestWaiting, nextStep } from '@/features/home/model'
import type { Conversation } from '@/lib/api'

const talk = (id: string, status: string, direction: string | null, at: string) =>
  ({ id, status, last_message: direction && { direction, created_at: at } }) as unknown as Conversation

describe('home', () => {
  it('lists who waits longest: their word last, not done', () => {
    const list = [
      talk('new', 'open', 'inbound', '2026-01-03'),
      talk('answered', 'open', 'outbound', '2026-01-01'),
      talk('old', 'pending', 'inbound', '2026-01-01'),
      talk('done', 'resolved', 'inbound', '2025-01-01'),
      talk('empty', 'open', null, ''),
      talk('mid', 'open', 'inbound', '2026-01-02'),
    ]
    expect(longestWaiting(list, 2).map((each) => each.id)).toEqual(['old', 'mid'])
    expect(list[0]!.id).toBe('new')
  })
  it.each([
    ['outbound', 'text', 'delivered', false, true],
    ['outbound', 'text', 'queued', false, false],
    ['outbound', 'text', 'failed', false, false],
    ['outbound', 'note', 'read', true, false],
    ['inbound', 'text', 'received', false, false],
  ] as const)('%s %s %s counts as a reply: %s', (direction, type, status, hidden, reply) => expect(isReply({ direction, type, status, private: hidden })).toBe(reply))
  it('knows the next step and the end of the checklist', () => {
    expect(nextStep({ channel: false, received: false, replied: false, team: false })).toBe('channel')
    expect(nextStep({ channel: true, received: true, replied: false, team: true })).toBe('replied')
    expect(isComplete({ channel: true, received: true, replied: true, team: true })).toBe(true)
    expect(isComplete({ channel: true, received: true, replied: true, team: false })).toBe(false)
  })
})
