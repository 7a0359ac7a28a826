import { dayKey } from '@/lib/format'

/** Whether two moments fall on one day in the shown time zone. */
export const isDay = (a: string, b: string): boolean => dayKey(a) === dayKey(b)
