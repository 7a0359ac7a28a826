/**
 * Languages. Texts lie in `src/locales/<language>/<area>.json`, each area under its own name; an area's file is loaded
 * for the current language when its first page opens. Plural forms are chosen by `Intl.PluralRules`, and a message
 * lists exactly the forms its language has, in the order zero, one, two, few, many, other.
 */
import { createI18n } from 'vue-i18n'
import { computed, shallowRef } from 'vue'

export const LANGUAGES = ['en', 'ar', 'sw', 'pt', 'es'] as const
export type Language = (typeof LANGUAGES)[number]

/** Each language in its own words, for the language menu; the same in every language, so it is no translated text. */
export const LANGUAGE_NAMES: Record<Language, string> = {
  en: 'English',
  ar: 'العربية',
  sw: 'Kiswahili',
  pt: 'Português',
  es: 'Español',
}
const RTL: ReadonlySet<string> = new Set(['ar'])
const CATEGORIES: Intl.LDMLPluralRule[] = ['zero', 'one', 'two', 'few', 'many', 'other']
const STORED = 'frontdesk.language'

export function asLanguage(tag: string | null | undefined): Language | null {
  const base = tag?.toLowerCase().split(/[-_]/)[0]
  return LANGUAGES.find((language) => language === base) ?? null
}

/** The plural forms of a language, in the order its messages list them. */
export function pluralForms(language: string): Intl.LDMLPluralRule[] {
  const known = new Set(new Intl.PluralRules(language).resolvedOptions().pluralCategories)
  return CATEGORIES.filter((category) => known.has(category))
}

function pluralRule(language: Language) {
  const rules = new Intl.PluralRules(language)
  const forms = pluralForms(language)
  return (choice: number, choices: number) =>
    Math.min(Math.max(forms.indexOf(rules.select(choice)), 0), Math.max(choices - 1, 0))
}

function preferred(): Language {
  const stored = asLanguage(readStored())
  if (stored) return stored
  for (const tag of navigator.languages ?? []) {
    const language = asLanguage(tag)
    if (language) return language
  }
  return 'en'
}
function readStored(): string | null {
  try {
    return localStorage.getItem(STORED)
  } catch {
    return null // storage may be switched off; the browser's language serves
  }
}

const current = shallowRef<Language>('en')
/** The language in use; change it with `setLanguage`. */
export const language = computed(() => current.value)
export const direction = computed<'ltr' | 'rtl'>(() => (RTL.has(current.value) ? 'rtl' : 'ltr'))

export const i18n = createI18n({
  legacy: false,
  locale: 'en',
  fallbackLocale: 'en',
  missingWarn: false,
  fallbackWarn: false,
  messages: {},
  pluralRules: Object.fromEntries(LANGUAGES.map((tag) => [tag, pluralRule(tag)])),
})
export const t = i18n.global.t as (key: string, ...args: unknown[]) => string
/** Whether there is a text under a key, in this language or in English. */
export const te = (key: string): boolean => i18n.global.te(key)

const files = import.meta.glob<{ default: Record<string, unknown> }>('../locales/*/*.json')
const wanted = new Set(['common', 'nav'])
const loaded = new Set<string>()

async function load(tag: Language, area: string): Promise<void> {
  const name = `${tag}/${area}`
  const file = files[`../locales/${name}.json`]
  if (loaded.has(name) || !file) return
  const texts = (await file()).default
  i18n.global.mergeLocaleMessage(tag as 'en', { [area]: texts })
  loaded.add(name)
}

/** Names areas whose texts are loaded with the language. */
export const wantTexts = (areas: readonly string[]): void => areas.forEach((area) => void wanted.add(area))
/** Makes the texts of these areas available, now and after a change of language. */
export async function ensureTexts(...areas: string[]): Promise<void> {
  areas.forEach((area) => wanted.add(area))
  await Promise.all(areas.map((area) => load(current.value, area)))
}

/** A part of a page that comes later, with the texts that only it needs. */
export async function withTexts<T>(part: Promise<T>, ...areas: string[]): Promise<T> {
  const [loaded] = await Promise.all([part, ensureTexts(...areas)])
  return loaded
}

/** Every area that has texts; the command palette needs the words of all of them. */
export function allTextAreas(): string[] {
  const names = Object.keys(files).map((path) => path.split('/').pop()!.replace('.json', ''))
  return [...new Set(names)]
}

export async function setLanguage(tag: Language): Promise<void> {
  const lacking = (): string[] => [...wanted].filter((area) => !loaded.has(`${tag}/${area}`) && `../locales/${tag}/${area}.json` in files)
  // What a page asks for meanwhile comes in the old language, and is wanted in the new one too.
  for (let areas = lacking(); areas.length > 0; areas = lacking()) await Promise.all(areas.map((area) => load(tag, area)))
  current.value = tag
  i18n.global.locale.value = tag as 'en'
  document.documentElement.lang = tag
  document.documentElement.dir = direction.value
  try {
    localStorage.setItem(STORED, tag)
  } catch {
    // Only the next visit's first paint needs it.
  }
}

export const startLanguage = (): Promise<void> => setLanguage(preferred())
