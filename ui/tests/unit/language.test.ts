import { describe, expect, it } from 'vitest'
import { ensureTexts, i18n, setLanguage, t } from '@/app/i18n'

describe('a change of language', () => {
  it('takes along what a page asked for while it was under way', async () => {
    await setLanguage('en')
    const change = setLanguage('ar')
    const page = ensureTexts('usage')
    await Promise.all([change, page])
    const english = i18n.global.getLocaleMessage('en') as unknown as { usage: { title: string } }
    const arabic = i18n.global.getLocaleMessage('ar') as unknown as { usage?: { title: string } }
    expect(arabic.usage?.title).toBeTruthy()
    expect(t('usage.title')).toBe(arabic.usage!.title)
    expect(t('usage.title')).not.toBe(english.usage.title)
  })
})
