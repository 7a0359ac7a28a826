/** What is offered while a word with a sign before it is typed: people after @, emoji after a colon, values after two braces. */
import { computed, nextTick, ref, watch, type ComputedRef, type Ref } from 'vue'

export interface Suggestions<T> {
  matches: ComputedRef<readonly T[]>
  at: Ref<number>
  choose: (item: T) => Promise<void>
  /** True when the key was for the list. */
  handle: (event: KeyboardEvent) => boolean
}

/**
 * `sign` finds the word before the caret; its first group is what was typed after the sign. `find` names what fits, and
 * `insert` what takes the word's place.
 */
export function useSuggestions<T>(
  text: Ref<string>,
  area: () => HTMLTextAreaElement | null,
  sign: RegExp,
  find: (query: string) => readonly T[],
  insert: (item: T) => string,
  /** Characters of the sign. */
  length = 1,
): Suggestions<T> {
  const at = ref(0)
  const word = ref<{ start: number; query: string } | null>(null)
  function look(): void {
    const caret = area()?.selectionEnd ?? 0
    const found = sign.exec(text.value.slice(Math.max(0, caret - 64), caret))
    word.value = found ? { start: caret - found[1]!.length - length, query: found[1]!.toLocaleLowerCase() } : null
    at.value = 0
  }
  watch(text, () => void nextTick(look), { immediate: true })
  const matches = computed(() => (word.value === null ? [] : find(word.value.query)))

  async function choose(item: T): Promise<void> {
    if (!word.value) return
    const { start, query } = word.value
    const instead = insert(item)
    text.value = text.value.slice(0, start) + instead + text.value.slice(start + length + query.length)
    word.value = null
    await nextTick()
    area()?.setSelectionRange(start + instead.length, start + instead.length)
    area()?.focus()
  }
  function handle(event: KeyboardEvent): boolean {
    const count = matches.value.length
    if (count === 0 || event.ctrlKey || event.metaKey || event.altKey) return false
    if (event.key === 'ArrowDown') at.value = (at.value + 1) % count
    else if (event.key === 'ArrowUp') at.value = (at.value + count - 1) % count
    else if (event.key === 'Enter' || event.key === 'Tab') void choose(matches.value[at.value]!)
    else if (event.key === 'Escape') word.value = null
    else return false
    event.preventDefault()
    return true
  }
  return { matches, at, choose, handle }
}
