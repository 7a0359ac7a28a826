import { describe, expect, it } from 'vitest'
import { bytesOf, humanAgentUntil, isInstagram, isInstagramKind } from '@/features/inbox/instagram'
import { buttonsOf, textOf, usernameOf } from '@/features/phone/instagram'

describe('what differs on Instagram', () => {
  it('counts bytes, not characters', () => {
    expect(bytesOf('abc')).toBe(3)
    expect(bytesOf('é😀')).toBe(6)
  })
  it('lets a person answer for seven days only with the permission', () => {
    const window = { open: false, expires_at: '2026-11-21T10:00:00Z', free_until: null }
    const channel = (provider: string, human_agent: string) => ({ provider, settings: { human_agent } }) as never
    expect(humanAgentUntil(channel('instagram', 'yes'), window)).toBe(Date.parse('2026-11-27T10:00:00Z'))
    expect(humanAgentUntil(channel('instagram', 'no'), window)).toBeNull()
    expect(humanAgentUntil(channel('whatsapp_cloud', 'yes'), window)).toBeNull()
    expect(humanAgentUntil(channel('instagram', 'yes'), { open: false, expires_at: null, free_until: null })).toBeNull()
  })
  it('knows its channels and kinds', () => {
    expect(isInstagram({ provider: 'sandbox_instagram' })).toBe(true)
    expect(isInstagram(undefined)).toBe(false)
    expect(isInstagramKind('comment')).toBe(true)
    expect(isInstagramKind('text')).toBe(false)
  })
})

describe('the simulated app', () => {
  it('finds what can be tapped', () => {
    const reply = { content_type: 'text', title: 'Yes', payload: 'Y' }
    expect(buttonsOf({ text: '?', quick_replies: [reply, { content_type: 'user_email' }] }).quick).toEqual([{ title: 'Yes', payload: 'Y' }])
    expect(buttonsOf({ text: '?', quick_replies: [reply, { content_type: 'user_email' }] }).asks).toEqual(['user_email'])
    const buttons = [{ type: 'web_url', title: 'Pay', url: 'https://a' }, { type: 'postback', title: 'No', payload: 'N' }]
    const card = { attachment: { payload: { text: 'Pay?', buttons } } }
    expect(buttonsOf(card)).toEqual({ quick: [], asks: [], taps: [{ title: 'No', payload: 'N' }] })
    expect(textOf(card)).toBe('Pay?')
    expect(buttonsOf(null)).toEqual({ quick: [], asks: [], taps: [] })
  })
  it('suggests a user name that the app would take', () => {
    expect(usernameOf('Amina Otieno')).toBe('amina.otieno')
    expect(usernameOf('José!')).toMatch(/^jose/)
    expect(usernameOf('阿明')).toMatch(/^guest\.\d+$/)
  })
})
