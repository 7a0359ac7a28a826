/**
 * A form's values and errors: a field is checked when it is left, then while typing; the server's own verdict lands on
 * the field it names. What is typed while a save is under way is kept, and counts as unsaved. Knows nothing of how a form looks.
 */
import { computed, nextTick, reactive, ref, type Ref } from 'vue'
import { ApiError } from '@/lib/api'

export type Rule<V> = (value: string, all: V) => string | null
export type Rules<V> = Partial<Record<keyof V, Rule<V>>>

/** The form field that a problem's field path means: its last segment that the form has ("settings.waba_id" → "waba_id"). */
export function fieldOf<V extends object>(path: string | null, values: V): keyof V | null {
  if (!path) return null
  const found = [path, ...path.split('.').reverse()].find((part) => Object.hasOwn(values, part))
  return (found as keyof V | undefined) ?? null
}

type Fields = Record<string, unknown>
const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value)
const same = (a: unknown, b: unknown): boolean => a === b || JSON.stringify(a) === JSON.stringify(b)

/**
 * What to show after a save: what was `sent` becomes what the server made of it, what was changed meanwhile stays as it is
 * `now`. Objects are compared field by field, lists as a whole: their entries have no names by which to find them again.
 */
export function afterSave<T>(now: T, sent: T, answer: T): T {
  if (same(now, sent)) return answer
  if (!isFields(now) || !isFields(sent) || !isFields(answer)) return now
  const names = [...new Set([...Object.keys(answer), ...Object.keys(now)])]
  const merged = names.map((name) => [name, afterSave(now[name], sent[name], answer[name])] as const)
  return Object.fromEntries(merged.filter(([, value]) => value !== undefined)) as T
}

/** What somebody writes of a record that the server keeps, beside what it has kept: plain data, as JSON has it. */
export function useWorkingCopy<T extends object>() {
  const value = ref(null) as Ref<T | null>
  const base = ref('')
  /** What is written now; taken before a save, and given to `saved` after it. */
  const snapshot = (): string => JSON.stringify(value.value)
  const dirty = computed(() => value.value !== null && snapshot() !== base.value)
  const take = (next: T): void => {
    base.value = JSON.stringify(next)
    value.value = JSON.parse(base.value) as T
  }
  /** Shows what the server has, unless something unsaved would be lost; tells whether it did. */
  function offer(next: T): boolean {
    if (dirty.value) return false
    take(next)
    return true
  }
  /** The server's answer to a save of what was `sent`; without that, to a call that took none of what is written. */
  function saved(next: T, sent = base.value): void {
    const merged = value.value && afterSave(value.value, JSON.parse(sent) as T, next)
    take(next)
    if (merged && !same(merged, next)) value.value = JSON.parse(JSON.stringify(merged)) as T
  }
  /** Nothing written here is to be kept. */
  const abandon = (): void => void (base.value = snapshot())
  return { value, dirty, snapshot, take, offer, saved, abandon }
}

export function useForm<V extends { [key: string]: string }>(initial: V, rules: () => Rules<V>) {
  const values = reactive({ ...initial }) as V
  const base = reactive({ ...initial }) as V
  const errors = reactive({}) as Partial<Record<keyof V, string | null>>
  const names = Object.keys(initial) as (keyof V)[]

  const check = (name: keyof V): string | null => rules()[name]?.(values[name]!, values) ?? null
  /** Checks a field that was left, unless nothing was ever put in. */
  function blur(name: keyof V): void {
    if (values[name] !== '' || name in errors) errors[name] = check(name)
  }
  /** Checks again while typing, once an error was shown. */
  function typed(name: keyof V): void {
    if (errors[name]) errors[name] = check(name)
  }
  /** Checks everything (or the named fields) and puts the cursor into the first that is wrong. */
  function validate(only: (keyof V)[] = names): boolean {
    for (const name of only) errors[name] = check(name)
    const ok = only.every((name) => !errors[name])
    if (!ok) void focusFirst()
    return ok
  }
  async function focusFirst(): Promise<void> {
    await nextTick()
    document.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus()
  }
  /** Puts a refusal beside its field; false when it names none of ours. */
  function refuse(error: unknown): boolean {
    const name = error instanceof ApiError ? fieldOf(error.field, values) : null
    if (name === null) return false
    errors[name] = (error as ApiError).message
    void focusFirst()
    return true
  }
  /** Makes these values the ones that count as unchanged. */
  function reset(next: Partial<V> = {}): void {
    Object.assign(values, next)
    Object.assign(base, values)
    for (const name of names) delete errors[name]
  }
  const snapshot = (): V => ({ ...values })
  /** The server's answer to a save of what was `sent`: fields that were changed meanwhile stay, unsaved. */
  function saved(sent: V, next: Partial<V> = {}): void {
    const kept = { ...sent, ...next }
    const shown = afterSave(snapshot(), sent, kept)
    for (const name of names) if (values[name] === sent[name]) delete errors[name]
    Object.assign(values, shown)
    Object.assign(base, kept)
  }
  const dirty = computed(() => names.some((name) => values[name] !== base[name]))
  /** What a `UiInput` of that field binds. */
  const bind = (name: keyof V) => ({
    modelValue: values[name] as string,
    error: errors[name] ?? null,
    'onUpdate:modelValue': (value: string) => {
      ;(values as Record<keyof V, string>)[name] = value
      typed(name)
    },
    onBlur: () => blur(name),
  })
  return reactive({ values, errors, dirty, bind, blur, validate, refuse, reset, snapshot, saved })
}

const EMAIL = /^[^\s@]+@[^\s@]+\.[^\s@]+$/
export const isEmail = (value: string): boolean => EMAIL.test(value.trim())
export const isUrl = (value: string): boolean => {
  try {
    return ['http:', 'https:'].includes(new URL(value.trim()).protocol)
  } catch {
    return false
  }
}
