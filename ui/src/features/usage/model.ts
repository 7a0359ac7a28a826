/** What the usage page computes by itself: the days to show and the rows of the price list. */
export const CATEGORIES = ['marketing', 'utility', 'authentication', 'authentication_international', 'service', 'referral_conversion', 'marketing_lite', 'sms', 'mms', 'other'] as const

const iso = (date: Date): string => date.toISOString().slice(0, 10)
/** The last so many days in UTC, as the server counts them. */
export function lastDays(count: number, now: number): { from: string; to: string } {
  return { from: iso(new Date(now - (count - 1) * 86_400_000)), to: iso(new Date(now)) }
}
export const isAmount = (text: string): boolean => /^\d{1,7}(\.\d{1,6})?$/.test(text.trim())
export const isCountry = (text: string): boolean => /^[a-z]{2}$/i.test(text.trim())
/** The address of the table for a spreadsheet. */
export const csvUrl = (range: { from: string; to: string }): string => `/api/v1/usage.csv?${new URLSearchParams(range)}`
