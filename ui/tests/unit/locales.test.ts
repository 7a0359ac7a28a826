import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { LANGUAGES, pluralForms } from '@/app/i18n'

const root = join(import.meta.dirname, '../../src')
const filesOf = (language: string): string[] => readdirSync(join(root, 'locales', language)).sort()

function flat(value: object, prefix: string): [string, string][] {
  return Object.entries(value).flatMap(([key, child]: [string, unknown]) =>
    typeof child === 'object' && child !== null ? flat(child, `${prefix}.${key}`) : [[`${prefix}.${key}`, String(child)] as [string, string]],
  )
}
const cache = new Map<string, Map<string, string>>()
function texts(language: string): Map<string, string> {
  const known = cache.get(language)
  if (known) return known
  const all = new Map(
    filesOf(language).flatMap((file) =>
      flat(JSON.parse(readFileSync(join(root, 'locales', language, file), 'utf8')) as object, file.replace('.json', '')),
    ),
  )
  cache.set(language, all)
  return all
}
const holes = (text: string): string[] => [...new Set([...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]!))].sort()
const forms = (text: string): number => text.replaceAll("{'|'}", '').split('|').length

describe('texts', () => {
  const all = new Map(LANGUAGES.map((language) => [language, texts(language)]))
  const english = all.get('en')!

  it.each(LANGUAGES.filter((language) => language !== 'en'))('%s has the same keys as English', (language) => {
    expect([...texts(language).keys()].sort()).toEqual([...english.keys()].sort())
  })

  it.each(LANGUAGES)('%s fills the same holes and lists every plural form', (language) => {
    for (const [key, text] of all.get(language)!) {
      const pluralised = LANGUAGES.some((other) => forms(all.get(other)!.get(key) ?? '') > 1)
      expect(text, key).not.toBe('')
      if (pluralised && forms(text) > 1) expect(forms(text), `${language} ${key}`).toBe(pluralForms(language).length)
      if (!pluralised) expect(holes(text), `${language} ${key}`).toEqual(holes(english.get(key)!))
    }
  })

  it('contains every key that the source names', () => {
    const sources = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((file) => /\.(vue|ts)$/.test(file) && !file.endsWith('.d.ts'))
    const areas = new Set(filesOf('en').map((file) => file.replace('.json', '')))
    const missing: string[] = []
    for (const file of sources) {
      const source = readFileSync(join(root, file), 'utf8')
      for (const match of source.matchAll(/['"`]([a-z]\w*(?:\.\w+)+)['"`]/g)) {
        const key = match[1]!
        const named = /\bt\($|title: $|group: $|Key: $|keypath=$/.test(source.slice(Math.max(0, match.index - 9), match.index))
        if (named && areas.has(key.split('.')[0]!) && !english.has(key)) missing.push(`${file}: ${key}`)
      }
    }
    expect(missing).toEqual([])
  })
})
