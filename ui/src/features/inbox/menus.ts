/** Times to snooze until, in the zone that times are shown in. */
import { CalendarDateTime, getLocalTimeZone, now as zonedNow, parseDateTime, toZoned, type ZonedDateTime } from '@internationalized/date'
import { timeZone } from '@/lib/format'

export const zone = (): string => timeZone.value ?? getLocalTimeZone()
const morning = (day: ZonedDateTime): ZonedDateTime => day.set({ hour: 9, minute: 0, second: 0, millisecond: 0 })
const DAYS_TO_MONDAY = [1, 7, 6, 5, 4, 3, 2] as const

export interface Preset {
  key: 'hours' | 'evening' | 'tomorrow' | 'monday'
  at: Date
}
export function snoozePresets(from: ZonedDateTime = zonedNow(zone())): Preset[] {
  const weekday = new Date(Date.UTC(from.year, from.month - 1, from.day)).getUTCDay()
  const evening = from.set({ hour: 18, minute: 0, second: 0, millisecond: 0 })
  const all: Preset[] = [
    { key: 'hours', at: from.add({ hours: 3 }).toDate() },
    { key: 'evening', at: evening.toDate() },
    { key: 'tomorrow', at: morning(from.add({ days: 1 })).toDate() },
    { key: 'monday', at: morning(from.add({ days: DAYS_TO_MONDAY[weekday]! })).toDate() },
  ]
  return all.filter((preset) => preset.key !== 'evening' || evening.compare(from) > 3_600_000)
}

/** What a date-time field shows and gives, as an instant in the shown zone; null when it is incomplete or past. */
export function fromField(value: string, at: number = Date.now()): Date | null {
  try {
    const date = toZoned(parseDateTime(value) as CalendarDateTime, zone()).toDate()
    return date.getTime() > at ? date : null
  } catch {
    return null
  }
}
