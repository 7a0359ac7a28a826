import { describe, expect, it } from 'vitest'
import { worthTelling } from '@/app/notify'
import type { LiveEvent } from '@/lib/live'

const event = (conversation_id: string, direction: 'inbound' | 'outbound', assignee: string | null, type = 'message.created'): LiveEvent =>
  ({ seq: 1, type, at: '', data: { message: { conversation_id, direction }, conversation: { assignee: assignee && { id: assignee, name: '' } } } }) as unknown as LiveEvent

describe('what is worth a notice', () => {
  it('is a customer\'s message that is mine or nobody\'s, and not in view', () => {
    const told = worthTelling(
      [
        event('mine', 'inbound', 'me'), event('free', 'inbound', null), event('theirs', 'inbound', 'other'), event('seen', 'inbound', 'me'),
        event('sent', 'outbound', 'me'), event('old', 'inbound', 'me', 'message.updated'),
      ],
      'me', 'seen',
    )
    expect(told.map(({ data }) => data.message?.conversation_id)).toEqual(['mine', 'free'])
  })
})
