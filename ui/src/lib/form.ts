/**
 * A form's values and errors: a field is checked when it is left, then while typing; the server's own verdict lands on
 * the field it names. Knows nothing of how a form looks.
 */
import { computed, nextTick, reactive } from 'vue'
import { ApiError } from '@/lib/api'

export type Rule<V> = (value: string, all: V) => string | null
export type Rules<V> = Partial<Record<keyof V, Rule<V>>>

/** The form field that a problem's field path means: its last segment that the form has ("settings.waba_id" → "waba_id"). */
export function fieldOf<V extends object>(path: string | null, values: V): keyof V | null {
  if (!path) return null
  const found = [path, ...path.split('.').reverse()].find((part) => Object.hasOwn(values, part))
  return (found as keyof V | undefined) ?? null
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
  return reactive({ values, errors, dirty, bind, blur, validate, refuse, reset })
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
