import { describe, expect, it } from 'vitest'
import { bodyOf, emptyValues, providerKey, PROVIDERS, rulesOf } from '@/features/channels/providers'

const spec = (key: string) => PROVIDERS.find((each) => each.key === key)!
const ACCOUNT = `AC${'0'.repeat(32)}`

describe('channels that are connected by a form', () => {
  it('writes senders as Twilio does', () => {
    const values = { ...emptyValues(spec('twilio_whatsapp')), name: ' Shop ', account_sid: ACCOUNT, auth_token: 'secret', from: '+1 (415) 555-0100' }
    expect(bodyOf(spec('twilio_whatsapp'), values)).toEqual({
      provider: 'twilio', name: 'Shop', settings: { account_sid: ACCOUNT, from: 'whatsapp:+14155550100', medium: 'whatsapp' }, secrets: { auth_token: 'secret' },
    })
    expect(bodyOf(spec('twilio_sms'), { ...values, from: 'ACME' }).settings).toEqual({ account_sid: ACCOUNT, from: 'ACME', medium: 'sms' })
  })
  it('asks for a sender or a messaging service', () => {
    const values = { ...emptyValues(spec('twilio_sms')), name: 'x' }
    const rule = rulesOf(spec('twilio_sms')).from!
    expect(rule('', values)).not.toBeNull()
    expect(rule('', { ...values, messaging_service_sid: 'MG1' })).toBeNull()
  })
  it('tells the two channels of Twilio apart', () => {
    expect(providerKey('twilio', { from: 'whatsapp:+1415' })).toBe('twilio_whatsapp')
    expect(providerKey('twilio', { messaging_service_sid: 'MG', medium: 'sms' })).toBe('twilio_sms')
    expect(providerKey('dialog360')).toBe('dialog360')
  })
})
