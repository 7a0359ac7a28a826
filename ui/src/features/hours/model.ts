/** Opening hours as the editor keeps them. Times are texts as the server takes them: "09:00", "24:00". */
import type { OpeningHours } from '@/lib/api'

export const DAYS = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'] as const
export type Day = (typeof DAYS)[number]
export type Span = { opens: string; closes: string }
export type Closed = { from: string; to: string; name: string }
export interface Draft {
  timezone: string
  week: Record<Day, Span[]>
  closed: Closed[]
}
export const MAX_SPANS = 6
export const MAX_CLOSED = 200

export function toDraft(hours: OpeningHours): Draft {
  const week = Object.fromEntries(DAYS.map((day) => [day, (hours.week[day] ?? []).map((span) => ({ ...span }))])) as Draft['week']
  return { timezone: hours.timezone, week, closed: hours.closed_days.map(({ from, to, name }) => ({ from, to: to ?? from, name: name ?? '' })) }
}
export const toBody = (draft: Draft) => ({
  timezone: draft.timezone, week: draft.week, closed_days: draft.closed.map((each) => ({ from: each.from, to: each.to || each.from, name: each.name.trim() })),
})

/** Midnight at a day's end is 24:00 on the wire, 00:00 in a browser's time field. */
export const toField = (time: string): string => (time === '24:00' ? '00:00' : time)
export const toCloses = (field: string): string => (field === '00:00' ? '24:00' : field)

const isTime = (text: string): boolean => /^([01]\d|2[0-3]):[0-5]\d$|^24:00$/.test(text)

export type Fault = 'time' | 'order' | 'overlap'
/** What is wrong with a day's intervals. */
export function faultOf(spans: readonly Span[]): Fault | null {
  if (spans.some(({ opens, closes }) => !isTime(opens) || !isTime(closes))) return 'time'
  if (spans.some(({ opens, closes }) => opens >= closes)) return 'order'
  const sorted = [...spans].sort((a, b) => (a.opens < b.opens ? -1 : 1))
  return sorted.some((span, index) => index > 0 && span.opens < sorted[index - 1]!.closes) ? 'overlap' : null
}
export const closedFault = (closed: Closed): boolean => !closed.from || (closed.to !== '' && closed.to < closed.from)
export const isValid = (draft: Draft): boolean => DAYS.every((day) => faultOf(draft.week[day]) === null) && !draft.closed.some(closedFault)

/** The interval that a day most likely gets next: after the last one, or the usual office day. */
export function nextSpan(spans: readonly Span[]): Span {
  const last = [...spans].sort((a, b) => (a.closes < b.closes ? -1 : 1)).at(-1)
  if (!last) return { opens: '09:00', closes: '17:00' }
  const hour = Number(last.closes.slice(0, 2))
  const clock = (value: number): string => `${String(Math.min(value, 24)).padStart(2, '0')}:00`
  return hour + 2 > 24 ? { opens: '', closes: '' } : { opens: clock(hour + 1), closes: clock(hour + 4) }
}
