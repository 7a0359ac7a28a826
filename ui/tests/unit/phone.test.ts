import { describe, expect, it } from 'vitest'
import { setTimeZone } from '@/lib/format'
import { digitsOf, hasFaults, isPhone, NO_FAULTS, partsOf, type PhoneMessage, unreadOf, withDays, withFile } from '@/features/phone/model'

const message = (id: string, direction: 'inbound' | 'outbound', status: string, at: string): PhoneMessage => ({ id, direction, type: 'text', status, created_at: at, context_id: null, error: null, reactions: [], edited: false, deleted: false })

describe('test phone', () => {
  it('starts a day in the shown time zone, not in UTC', () => {
    setTimeZone('Africa/Nairobi')
    const list = [message('a', 'inbound', 'read', '2026-11-20T20:30:00Z'), message('b', 'inbound', 'read', '2026-11-20T21:30:00Z'), message('c', 'inbound', 'read', '2026-11-21T09:00:00Z')]
    expect(withDays(list).map((row) => row.newDay)).toEqual([true, true, false])
  })
  it('reads only what the business sent and what arrived', () => {
    const list = [message('a', 'outbound', 'delivered', ''), message('b', 'outbound', 'read', ''), message('c', 'outbound', 'failed', ''), message('d', 'inbound', 'delivered', '')]
    expect(unreadOf(list).map((each) => each.id)).toEqual(['a'])
  })
  it.each([['+254 712 345-678', true], ['0712345678', true], ['12345', false], ['+1234567890123456', false], ['amina', false], ['', false]])('%s is a phone number: %s', (text, good) =>
    expect(isPhone(text)).toBe(good),
  )
  it('keeps digits only', () => expect(digitsOf('+254 (712) 345')).toBe('254712345'))
  it('tells faults from health', () => {
    expect(hasFaults(NO_FAULTS)).toBe(false)
    expect(hasFaults({ ...NO_FAULTS, delay_ms: 1 })).toBe(true)
    expect(hasFaults({ ...NO_FAULTS, reorder_webhooks: true })).toBe(true)
  })
})

it('shows a template with its products, cards and pictures', () => {
  const message = withFile('254 1', { type: 'template', template: { header: { type: 'product', product: { product_retailer_id: 'L' } }, buttons: [{ type: 'MPM', text: 'View items' }], cards: [{ header: { type: 'image', image: { id: '7' } }, body: 'One', buttons: [{ type: 'QUICK_REPLY', text: 'Yes', payload: 'y' }] }] } } as never)
  expect(partsOf(message.template)).toEqual({
    product: 'L', picture: '', body: '', buttons: [{ type: 'mpm', text: 'View items' }],
    cards: [{ product: '', picture: '/api/v1/sandbox/customers/254%201/files/7', body: 'One', buttons: [{ type: 'quick_reply', text: 'Yes', payload: 'y' }], cards: [] }],
  })
  expect(partsOf('odd')).toEqual({ product: '', picture: '', body: '', buttons: [], cards: [] })
})
