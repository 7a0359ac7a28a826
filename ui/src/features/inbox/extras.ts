/**
 * What belongs to a draft beside its text: the message that is quoted, the builder's state, and whether links are
 * tracked. Kept on this device, for each conversation, until it is sent or thrown away.
 */
import { del, get, set } from 'idb-keyval'
import { reactive, ref } from 'vue'
import { draftScope } from '@/lib/drafts'
import type { BuilderState } from './builder/model'

export interface Extras {
  quote: string | null
  builder: BuilderState | null
  track: boolean
}
/** The conversation whose builder is open. */
export const builderOpen = ref<string | null>(null)
const SAVE_MS = 250
const all = reactive(new Map<string, Extras>())
const timers = new Map<string, ReturnType<typeof setTimeout>>()
const empty = (): Extras => ({ quote: null, builder: null, track: false })
const key = (conversation: string): string | null => {
  const scope = draftScope()
  return scope ? `draft-extras:${scope}:${conversation}` : null
}
const name = (conversation: string): string => `${draftScope() ?? ''}|${conversation}`

export function extrasOf(conversation: string): Extras {
  const known = all.get(name(conversation))
  if (known) return known
  all.set(name(conversation), empty())
  const made = all.get(name(conversation))!
  const place = key(conversation)
  // Without IndexedDB it lasts as long as the page does.
  if (place) void get<Extras>(place).then((saved) => saved && !made.quote && !made.builder && Object.assign(made, saved), () => undefined)
  return made
}

function save(conversation: string): void {
  const place = key(conversation)
  if (!place) return
  clearTimeout(timers.get(place))
  timers.set(place, setTimeout(() => {
    timers.delete(place)
    const extras = all.get(name(conversation))
    if (!extras) return
    const blank = !extras.quote && !extras.builder && !extras.track
    // A plain copy: IndexedDB takes no reactive objects.
    const written = blank ? del(place) : set(place, JSON.parse(JSON.stringify(extras)) as Extras)
    void written.catch(() => undefined)
  }, SAVE_MS))
}
export function setExtras(conversation: string, change: Partial<Extras>): void {
  Object.assign(extrasOf(conversation), change)
  save(conversation)
}
export function openBuilder(conversation: string, builder: BuilderState): void {
  setExtras(conversation, { builder })
  builderOpen.value = conversation
}
export const setQuote = (conversation: string, quote: string | null): void => setExtras(conversation, { quote })
