import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ensureTexts, LANGUAGES, pluralForms, setLanguage, t } from '@/app/i18n'
import { bytes, dayKey, dayLabel, duration, initials, now, relative, setTimeZone, stamp, time } from '@/lib/format'
import { richText, type Rich } from '@/lib/format/richtext'
import { fromField, snoozePresets } from '@/features/inbox/menus'
import { parseZonedDateTime } from '@internationalized/date'

const visible = (nodes: Rich[]): string => nodes.map((node) => ('children' in node ? visible(node.children) : node.text)).join('')
const kinds = (text: string): string => richText(text).map((node) => node.kind).join(' ')

describe("WhatsApp's formatting", () => {
  it.each([
    ['plain', 'text'],
    ['*bold* and _italic_ and ~gone~', 'bold text italic text strike'],
    ['2*3*4 and snake_case_name', 'text'],
    ['* not bold *', 'text'],
    ['*open', 'text'],
    ['*two\nlines*', 'text'],
    ['`code` ```a block```', 'code text block'],
    ['``` unclosed', 'text'],
    ['see https://jua.example/a_b_c?x=1, thanks', 'text link text'],
    ['(https://x.example/a_(b))', 'text link text'],
    ['https://', 'text'],
    ['javascript:alert(1) http:// data:text/html,x', 'text'],
    ['<img src=x onerror=alert(1)>', 'text'],
  ])('%s', (text, expected) => {
    expect(kinds(text)).toBe(expected)
  })
  it('nests, and only http links come out', () => {
    expect(richText('*_both_*')).toEqual([{ kind: 'bold', children: [{ kind: 'italic', children: [{ kind: 'text', text: 'both' }] }] }])
    const link = richText('HTTPS://Jua.Example/x').find((node) => node.kind === 'link')
    expect(link).toEqual({ kind: 'link', text: 'HTTPS://Jua.Example/x', href: 'https://jua.example/x' })
  })
  it('never loses or adds anything but its marks, whatever comes', () => {
    const alphabet = ['*', '_', '~', '`', '```', ' ', '\n', 'a', 'ب', '😀', 'https://x.example/', '<b>', '\u202e']
    let seed = 7
    const next = (): number => (seed = (seed * 1103515245 + 12345) % 2147483648)
    for (let round = 0; round < 3000; round += 1) {
      const text = Array.from({ length: next() % 14 }, () => alphabet[next() % alphabet.length]!).join('')
      const marks = /[*_~`]|\n/g
      expect(visible(richText(text)).replace(marks, ''), JSON.stringify(text)).toBe(text.replace(marks, ''))
    }
  })
  it('stays quick on hostile text', () => {
    const started = performance.now()
    for (const text of ['*'.repeat(8000), '_a'.repeat(4000), 'https://'.repeat(1000), '`'.repeat(8000), '*a '.repeat(2700)]) richText(text)
    expect(performance.now() - started).toBeLessThan(1500)
  })
})

describe('dates for people', () => {
  beforeEach(async () => {
    await setLanguage('en')
    setTimeZone('Africa/Nairobi')
    now.value = Date.parse('2026-11-20T20:30:00Z') // 23:30 in Nairobi
  })
  afterEach(() => vi.useRealTimers())

  it("uses the shown zone's days, not the browser's or UTC's", () => {
    expect(dayKey('2026-11-20T21:30:00.000000Z')).toBe('2026-11-21')
    expect(dayLabel('2026-11-20T20:00:00Z')).toBe('Today')
    expect(dayLabel('2026-11-19T20:59:00Z')).toBe('Yesterday')
    expect(dayLabel('2026-11-17T10:00:00Z')).toBe('Tuesday')
    expect(dayLabel('2025-11-17T10:00:00Z')).toContain('2025')
  })
  it('keeps stamps short', () => {
    expect(stamp('2026-11-20T20:00:00Z')).toBe(time('2026-11-20T20:00:00Z'))
    expect(stamp('2026-11-18T10:00:00Z')).toBe('Wed')
    expect(stamp('2026-03-01T10:00:00Z')).toBe('Mar 1')
    expect(stamp('not a date')).toBe('')
  })
  it('says spans and distances in the largest useful units', () => {
    expect(duration(23 * 3_600_000 + 40 * 60_000)).toBe('23 hr 40 min')
    expect(duration(-5)).toBe('0 min')
    expect(relative(now.value - 3_700_000)).toBe('1 hour ago')
    expect(bytes(1_530_000)).toBe('1.5 MB')
    expect(bytes(0)).toBe('0 bytes')
  })
  it('ignores a zone that does not exist', () => {
    setTimeZone('Mars/Olympus', 'Europe/Madrid')
    expect(dayKey('2026-11-20T23:30:00Z')).toBe('2026-11-21')
  })
  it('makes initials of whole letters', () => {
    expect(['Fatuma Ali', 'ليلى حسن', '🌸 Esther Nyambura 🌸', 'José', '', '+254 7'].map(initials)).toEqual(['FA', 'لح', 'EN', 'J', '#', '27'])
  })
  it('snoozes to local mornings and refuses the past', () => {
    const from = parseZonedDateTime('2026-11-20T14:00[Africa/Nairobi]') // a Friday
    expect(snoozePresets(from).map((preset) => `${preset.key} ${preset.at.toISOString()}`)).toEqual([
      'hours 2026-11-20T14:00:00.000Z', 'evening 2026-11-20T15:00:00.000Z', 'tomorrow 2026-11-21T06:00:00.000Z', 'monday 2026-11-23T06:00:00.000Z',
    ])
    expect(snoozePresets(from.set({ hour: 18 })).map((preset) => preset.key)).toEqual(['hours', 'tomorrow', 'monday'])
    expect(fromField('2026-11-21T09:00', Date.parse('2026-11-20T00:00:00Z'))?.toISOString()).toBe('2026-11-21T06:00:00.000Z')
    expect(fromField('2020-01-01T09:00')).toBeNull()
    expect(fromField('nonsense')).toBeNull()
  })
})

describe('plural forms', () => {
  it('are as many as the brief says', () => {
    expect(LANGUAGES.map((language) => pluralForms(language).length)).toEqual([2, 6, 2, 3, 3])
  })
  it.each([
    ['en', 1, '1 message found'], ['en', 0, '0 messages found'], ['pt', 1, '1 mensagem encontrada'], ['es', 5, '5 mensajes encontrados'],
    ['ar', 0, 'لم يُعثر على رسائل'], ['ar', 2, 'عُثر على رسالتين'], ['ar', 7, 'عُثر على 7 رسائل'], ['ar', 11, 'عُثر على 11 رسالة'], ['ar', 100, 'عُثر على 100 رسالة'],
    ['sw', 3, 'Ujumbe 3 zimepatikana'],
  ] as const)('%s, %i: %s', async (language, count, expected) => {
    await setLanguage(language)
    await ensureTexts('inbox')
    expect(t('inbox.found', { count }, count)).toBe(expected)
  })
})
