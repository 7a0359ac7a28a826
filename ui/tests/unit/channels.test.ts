import { describe, expect, it } from 'vitest'
import { isNewer } from '@/features/channels/data'
import type { Channel } from '@/lib/api'
import { newVerifyToken, newWhatsApp, stateOf, webhookReachable, whatsAppRules, type WhatsAppFields } from '@/features/channels/model'
import { hasOwnAddress } from '@/features/channels/settings'

const fields: WhatsAppFields = {
  name: ' Shop ', phone_number_id: '106540352242922', waba_id: '102290129340398', display_phone_number: '+254 700 111 222',
  access_token: ' EAAG ', app_secret: 'abc', verify_token: 'long-enough', business_id: '', api_base: '',
}

describe('channels', () => {
  it('sends what was entered, trimmed, without empty settings', () => {
    expect(newWhatsApp(fields)).toEqual({
      provider: 'whatsapp_cloud',
      name: 'Shop',
      settings: { phone_number_id: '106540352242922', waba_id: '102290129340398', display_phone_number: '+254 700 111 222' },
      secrets: { access_token: 'EAAG', app_secret: 'abc', verify_token: 'long-enough' },
    })
    expect(newWhatsApp({ ...fields, api_base: ' http://127.0.0.1:9999 ' }).settings).toHaveProperty('api_base', 'http://127.0.0.1:9999')
  })

  it.each<[keyof WhatsAppFields & string, string, boolean]>([
    ['name', ' ', false],
    ['phone_number_id', '+254700', false],
    ['phone_number_id', '12345', true],
    ['display_phone_number', '0700 111 222', true],
    ['display_phone_number', 'my phone', false],
    ['access_token', 'EAAG two', false],
    ['access_token', '', false],
    ['verify_token', 'short', false],
    ['api_base', '', true],
    ['api_base', 'ftp://x', false],
  ])('%s "%s": %s', (name, value, good) => expect(whatsAppRules()[name]!(value, fields) === null).toBe(good))

  it('makes tokens that pass their own rule and differ', () => {
    const [a, b] = [newVerifyToken(), newVerifyToken()]
    expect(a).not.toBe(b)
    expect(a).toMatch(/^[\w-]{24}$/)
    expect(whatsAppRules().verify_token!(a, fields)).toBeNull()
  })

  it.each([
    ['https://desk.example/webhooks/whatsapp', true],
    ['http://desk.example/webhooks/whatsapp', false],
    ['https://localhost/webhooks', false],
    ['https://192.168.1.4/webhooks', false],
    ['https://172.20.0.1/x', false],
    ['https://172.40.0.1/x', true],
    ['https://server/x', false],
    ['nonsense', false],
    [null, false],
  ])('Meta reaches %s: %s', (url, reachable) => expect(webhookReachable(url)).toBe(reachable))

  it('takes over from the live feed only what is newer', () => {
    const at = (version?: number) => ({ version }) as unknown as Channel
    expect(isNewer(at(3), at(2))).toBe(true)
    expect(isNewer(at(2), at(2))).toBe(false)
    expect(isNewer(at(1), at(2))).toBe(false)
    expect(isNewer(at(1), undefined)).toBe(true)
  })

  it('shows an active channel whose breaker is open as not sending', () => {
    const at = (status: 'active' | 'paused' | 'blocked', breaker: 'closed' | 'open' | 'half_open' = 'closed') => stateOf({ status, breaker: { state: breaker, reason: null } })
    expect(at('active')).toBe('active')
    expect(at('active', 'closed')).toBe('active')
    expect(at('active', 'open')).toBe('failing')
    expect(at('active', 'half_open')).toBe('failing')
    expect(at('paused', 'open')).toBe('paused')
    expect(at('blocked', 'open')).toBe('blocked')
  })
})

it('offers an address of its own to a number whose account is known', () => {
  const of = (provider: string, settings: Record<string, string>) => hasOwnAddress({ provider, settings } as unknown as Channel)
  expect(of('whatsapp_cloud', {})).toBe(false)
  expect(of('whatsapp_cloud', { waba_id: '104' })).toBe(true)
  expect(of('dialog360', { waba_id: '104' })).toBe(false)
})
