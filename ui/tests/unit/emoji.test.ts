import { describe, expect, it } from 'vitest'
import { findEmoji, loadEmoji } from '@/features/inbox/emoji'
import { LANGUAGES } from '@/app/i18n'

describe('emoji by name', () => {
  it('puts names before other words, and offers a few', async () => {
    const all = await loadEmoji('en')
    const found = findEmoji(all, 'cak')
    expect(found.map(([emoji]) => emoji)).toContain('🎂')
    expect(findEmoji(all, 'thumbs_up')[0]?.[1]).toMatch(/^thumbs up/)
    expect(findEmoji(all, 'a').length).toBeLessThanOrEqual(8)
    expect(findEmoji(all, 'zzqx')).toEqual([])
  })
  it.each([['ar', 'قلب'], ['sw', 'moyo'], ['pt', 'coração'], ['es', 'corazón']] as const)('knows a heart in %s', async (language, word) => {
    expect(findEmoji(await loadEmoji(language), word).length).toBeGreaterThan(0)
  })
  it('has the same emoji in every language', async () => {
    const [first, ...rest] = await Promise.all(LANGUAGES.map(async (language) => (await loadEmoji(language)).map(([emoji]) => emoji).join()))
    for (const each of rest) expect(each).toBe(first)
  })
})
