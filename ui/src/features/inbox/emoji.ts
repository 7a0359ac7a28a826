/** Emoji by name. The lists are made by `scripts/emoji.mjs`. */
import type { Language } from '@/app/i18n'

/** The emoji, its name, further words for it. */
export type Emoji = readonly [emoji: string, name: string, words: string]
const MAX = 8
const LISTS: Record<Language, () => Promise<{ default: unknown }>> = {
  en: () => import('./emoji-names/en.json'),
  ar: () => import('./emoji-names/ar.json'),
  sw: () => import('./emoji-names/sw.json'),
  pt: () => import('./emoji-names/pt.json'),
  es: () => import('./emoji-names/es.json'),
}
export const loadEmoji = async (language: Language): Promise<readonly Emoji[]> => (await LISTS[language]()).default as readonly Emoji[]

/** How well it fits: 0 for a name that begins so, then a word of the name, then another word; null if none does. */
function rank([, name, words]: Emoji, query: string): number | null {
  const lower = name.toLocaleLowerCase()
  if (lower.startsWith(query)) return 0
  if (lower.includes(` ${query}`)) return 1
  return words.startsWith(query) || words.includes(` ${query}`) ? 2 : null
}
export function findEmoji(all: readonly Emoji[], typed: string): Emoji[] {
  const query = typed.replace(/[_-]/g, ' ').toLocaleLowerCase()
  const found: Emoji[][] = [[], [], []]
  for (const each of all) {
    const place = rank(each, query)
    if (place !== null) found[place]!.push(each)
  }
  return found.flat().slice(0, MAX)
}

const MOST_SHOWN = 160
/** For a picker: everything that fits, or the first ones in the list's own order. */
export function searchEmoji(all: readonly Emoji[], typed: string): readonly Emoji[] {
  const query = typed.trim().toLocaleLowerCase()
  if (!query) return all.slice(0, MOST_SHOWN)
  const found: Emoji[][] = [[], [], []]
  for (const each of all) {
    const place = rank(each, query)
    if (place !== null) found[place]!.push(each)
  }
  return found.flat().slice(0, MOST_SHOWN)
}
