/** Dates, numbers and names for people: everything by `Intl`, in the user's language and time zone. */
import { computed, ref } from 'vue'
import { language } from '@/app/i18n'

/** The zone times are shown in: the user's, else the business's, else the browser's. */
export const timeZone = ref<string | undefined>(undefined)

export function setTimeZone(...candidates: (string | null | undefined)[]): void {
  timeZone.value = candidates.find((zone): zone is string => !!zone && isZone(zone))
}
function isZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone })
    return true
  } catch {
    return false
  }
}

/** A clock that ticks often enough for ages and countdowns, shared by all who show one. */
export const now = ref(Date.now())
let ticking: ReturnType<typeof setInterval> | null = null
export function startClock(): void {
  ticking ??= setInterval(() => {
    if (!document.hidden) now.value = Date.now()
  }, 15_000)
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden) now.value = Date.now()
  })
}

type Style = Intl.DateTimeFormatOptions
const cache = new Map<string, Intl.DateTimeFormat>()
function dateFormat(style: Style): Intl.DateTimeFormat {
  const zone = timeZone.value
  const key = `${language.value}|${zone ?? ''}|${JSON.stringify(style)}`
  let format = cache.get(key)
  if (!format) {
    format = new Intl.DateTimeFormat(language.value, { ...style, timeZone: zone })
    cache.set(key, format)
  }
  return format
}
const parse = (value: string | number): number => (typeof value === 'number' ? value : Date.parse(value))

const keyFormats = new Map<string, Intl.DateTimeFormat>()
/** The calendar day of an instant in the shown zone, as YYYY-MM-DD: for comparing days, not for showing. */
export function dayKey(value: string | number): string {
  const zone = timeZone.value ?? ''
  let format = keyFormats.get(zone)
  if (!format) {
    format = new Intl.DateTimeFormat('en-CA', { timeZone: zone || undefined, year: 'numeric', month: '2-digit', day: '2-digit' })
    keyFormats.set(zone, format)
  }
  const at = parse(value)
  return Number.isNaN(at) ? '' : format.format(at)
}
const DAY = 86_400_000

function show(value: string | number, style: Style): string {
  const at = parse(value)
  return Number.isNaN(at) ? '' : dateFormat(style).format(at)
}
export const time = (value: string | number): string => show(value, { hour: 'numeric', minute: '2-digit' })
export const dateTime = (value: string | number): string => show(value, { dateStyle: 'medium', timeStyle: 'short' })
export const fullDate = (value: string | number): string =>
  show(value, { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' })

export const capitalise = (text: string): string =>
  text.charAt(0).toLocaleUpperCase(language.value) + text.slice(1)

/** A day divider: today, yesterday, a weekday within the last week, else the date. */
export function dayLabel(value: string | number): string {
  const at = parse(value)
  if (Number.isNaN(at)) return ''
  const day = dayKey(at)
  const words = new Intl.RelativeTimeFormat(language.value, { numeric: 'auto' })
  if (day === dayKey(now.value)) return capitalise(words.format(0, 'day'))
  if (day === dayKey(now.value - DAY)) return capitalise(words.format(-1, 'day'))
  if (at < now.value && now.value - at < 6 * DAY) return capitalise(show(at, { weekday: 'long' }))
  const sameYear = day.slice(0, 4) === dayKey(now.value).slice(0, 4)
  return show(at, { weekday: 'short', day: 'numeric', month: 'long', year: sameYear ? undefined : 'numeric' })
}

/** The short stamp of a list row: the time today, a weekday this week, else the date. */
export function stamp(value: string | number): string {
  const at = parse(value)
  if (Number.isNaN(at)) return ''
  if (dayKey(at) === dayKey(now.value)) return time(at)
  const age = now.value - at
  if (age > 0 && age < 6 * DAY) return show(at, { weekday: 'short' })
  const sameYear = dayKey(at).slice(0, 4) === dayKey(now.value).slice(0, 4)
  return show(at, sameYear ? { day: 'numeric', month: 'short' } : { day: 'numeric', month: 'short', year: '2-digit' })
}

const UNITS: [Intl.RelativeTimeFormatUnit, number][] = [
  ['day', DAY],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1000],
]
/** "in 3 hours", "2 minutes ago". */
export function relative(value: string | number): string {
  const at = parse(value)
  if (Number.isNaN(at)) return ''
  const distance = at - now.value
  const [unit, size] = UNITS.find(([, ms]) => Math.abs(distance) >= ms) ?? ['second', 1000]
  return new Intl.RelativeTimeFormat(language.value, { numeric: 'auto' }).format(Math.trunc(distance / size), unit)
}

/** A span of time in its largest two units: "5 hr 12 min". */
export function duration(ms: number): string {
  const minutes = Math.max(0, Math.floor(ms / 60_000))
  const parts: [number, string][] = [
    [Math.floor(minutes / 1440), 'day'],
    [Math.floor(minutes / 60) % 24, 'hour'],
    [minutes % 60, 'minute'],
  ]
  const used = parts.filter(([value]) => value > 0).slice(0, 2)
  const list = used.length > 0 ? used : [[0, 'minute'] as [number, string]]
  return list
    .map(([value, unit]) => new Intl.NumberFormat(language.value, { style: 'unit', unit, unitDisplay: 'short' }).format(value))
    .join(' ')
}

const numbers = computed(() => new Intl.NumberFormat(language.value))
export const number = (value: number): string => numbers.value.format(value)
export const percent = (value: number): string =>
  new Intl.NumberFormat(language.value, { style: 'percent', maximumFractionDigits: 1 }).format(value)
/** An amount of money; a currency that nobody knows stands behind its number. Prices of one message have more `places`. */
export function money(amount: string | number, currency: string, places?: number): string {
  const value = Number(amount)
  try {
    return new Intl.NumberFormat(language.value, { style: 'currency', currency, currencyDisplay: 'code', maximumFractionDigits: places }).format(value)
  } catch {
    return `${number(value)} ${currency}`
  }
}
/** Bytes in decimal units, as disks and mail programs count. */
export function bytes(value: number): string {
  const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte']
  const power = value > 0 ? Math.min(units.length - 1, Math.floor(Math.log10(value) / 3)) : 0
  return new Intl.NumberFormat(language.value, {
    style: 'unit', unit: units[power], unitDisplay: power === 0 ? 'long' : 'short', maximumFractionDigits: power === 0 ? 0 : 1,
  }).format(value / 1000 ** power)
}
export const list = (items: string[]): string => new Intl.ListFormat(language.value).format(items)

/** One or two letters for an avatar, by graphemes so that no emoji or accent is cut in half. */
export function initials(name: string): string {
  const words = name.trim().split(/\s+/).filter((word) => /[\p{L}\p{N}]/u.test(word))
  const segmenter = new Intl.Segmenter(language.value, { granularity: 'grapheme' })
  const first = (word: string | undefined): string => {
    const letters = word ? Array.from(segmenter.segment(word), (part) => part.segment) : []
    return (letters.find((letter) => /[\p{L}\p{N}]/u.test(letter)) ?? '').toLocaleUpperCase(language.value)
  }
  if (words.length === 0) return '#'
  return words.length === 1 ? first(words[0]) : first(words[0]) + first(words[words.length - 1])
}
