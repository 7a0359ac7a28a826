import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { LANGUAGES } from '@/app/i18n'
import { deviceOf } from '@/features/account/device'
import { ENTRIES, findEntries, fold } from '@/features/settings/entries'
import { MIN_PASSWORD, newPassword } from '@/lib/passwords'

const texts = (language: string) => (key: string): string => {
  const [area, ...path] = key.split('.')
  const file = JSON.parse(readFileSync(join(import.meta.dirname, `../../src/locales/${language}/${area}.json`), 'utf8')) as unknown
  return path.reduce<unknown>((value, part) => (value as Record<string, unknown>)[part], file) as string
}

describe('settings search', () => {
  it.each([
    ['en', 'token', ['channels', 'tokens']],
    ['en', 'RESTORE', ['backups']],
    ['pt', 'numero', ['channels', 'notices']],
    ['es', 'contrasena', ['account']],
    ['ar', 'كلمة المرور', []],
    ['ar', 'واتساب', ['channels']],
  ])('in %s finds for %s', (language, words, wanted) => {
    const found = findEntries(words, texts(language)).map((entry) => entry.route)
    for (const route of wanted) expect(found).toContain(route)
    expect(found.length).toBeLessThan(ENTRIES.length)
  })
  it('shows everything without words, and nothing for nonsense, in every language', () => {
    for (const language of LANGUAGES) {
      expect(findEntries('  ', texts(language))).toEqual(ENTRIES)
      expect(findEntries('zzqx', texts(language))).toEqual([])
    }
  })
  it('folds accents and vowel signs away', () => {
    expect(fold('Número')).toBe('numero')
    expect(fold('مَرحبًا')).toBe('مرحبا')
  })
})

describe('devices', () => {
  it.each([
    ['Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0 Safari/537.36', 'Chrome · Linux', false],
    ['Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/131.0 Safari/537.36 Edg/131.0', 'Edge · Windows', false],
    ['Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Mobile/15E148 Safari/604.1', 'Safari · iPhone', true],
    ['Mozilla/5.0 (Android 14; Mobile; rv:128.0) Gecko/128.0 Firefox/128.0', 'Firefox · Android', true],
    ['curl/8.5.0', 'curl', false],
    ['something-else/1', 'something-else/1', false],
    ['', null, false],
    [null, null, false],
  ])('%s', (agent, name, mobile) => expect(deviceOf(agent)).toEqual({ name, mobile }))
})

describe('passwords', () => {
  it('are long enough, of readable letters, and differ', () => {
    const made = Array.from({ length: 50 }, newPassword)
    expect(new Set(made).size).toBe(50)
    for (const password of made) {
      expect(password).toMatch(/^([a-hj-km-np-z2-9]{4}-){3}[a-hj-km-np-z2-9]{4}$/)
      expect(password.length).toBeGreaterThanOrEqual(MIN_PASSWORD)
    }
  })
})
