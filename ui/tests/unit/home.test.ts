import { describe, expect, it } from 'vitest'
import { isComplete, isReply, isWaiting, nextStep } from '@/features/home/model'

describe('home', () => {
  it('takes the server\'s word for who waits', () => {
    expect([{ waiting_since: null }, { waiting_since: '2026-01-03T00:00:00Z' }].map(isWaiting)).toEqual([false, true])
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
