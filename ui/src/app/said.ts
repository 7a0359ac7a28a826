/**
 * What the server says in words of its own, in the reader's language. Beside a text the API gives its code and what
 * fills it (`detail` and `detail_phrase`); a code that this app does not know is shown as the server wrote it.
 */
import { shallowRef } from 'vue'
import type { components } from '@/api/schema'
import { dateTime, number } from '@/lib/format'
import { direction, ensureTexts, language, t, te } from './i18n'

export type Phrase = Omit<components['schemas']['Phrase'], 'values'> & { values: Record<string, unknown> }
type Loose = { code: string; values?: Record<string, unknown> | undefined }

/** What is shown depends on it, so that texts that come later replace the server's. */
const ready = shallowRef(false)
/** Loads the texts: after the first page, which does without. */
export async function startSaid(): Promise<void> {
  await ensureTexts('phrases')
  ready.value = true
}

/** Holes that are filled with figures; every other text is a name, an address or somebody's own words. */
const FIGURES = new Set(['used', 'limit', 'count', 'percent', 'minutes', 'hours', 'seconds', 'free', 'floor', 'most', 'mb'])
const isLoose = (value: unknown): value is Loose => typeof value === 'object' && value !== null && 'code' in value

function fill(name: string, value: unknown): string {
  if (isLoose(value)) return said(value.code, value)
  const text = String(value)
  if (name.endsWith('_at')) return dateTime(text) || text
  if (FIGURES.has(name) && /^\d{1,9}$/.test(text)) return number(Number(text))
  // Foreign words must not turn the sentence around them.
  return direction.value === 'rtl' ? `\u2068${text}\u2069` : text
}

/** A text of the server in the reader's language, where it is one of ours. */
export function said(text: string | null | undefined, phrase: Loose | null | undefined): string {
  const key = phrase ? `phrases.said.${phrase.code}` : ''
  if (!ready.value || !phrase || !te(key)) return text ?? ''
  const values = Object.entries(phrase.values ?? {}).map(([name, value]) => [name, fill(name, value)] as const)
  return t(key, Object.fromEntries(values))
}

/** Codes whose meaning alone tells too little: the server's own words follow. */
const VAGUE = new Set(['invalid_field', 'missing_field', 'unknown_field', 'wrong_state', 'already_exists', 'provider_refused', 'template_rule', 'invalid_query', 'read_only'])

/** A refusal whose text is not one of ours: by its code, with the server's words where the code says too little. */
export function problemText(code: string, text: string): string {
  const key = `phrases.problem.${code}`
  if (!ready.value || language.value === 'en' || !te(key)) return text
  return VAGUE.has(code) && text !== '' ? `${t(key)} (\u2068${text}\u2069)` : t(key)
}
