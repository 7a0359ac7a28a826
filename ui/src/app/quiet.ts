/** Hours in which nothing is told. */
export interface Quiet {
  from: string
  to: string
  timezone: string
}

/** The wall clock of a time zone, as "22:05". */
function clock(at: number, timezone: string): string {
  const style: Intl.DateTimeFormatOptions = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23', timeZone: timezone }
  try {
    return new Intl.DateTimeFormat('en-GB', style).format(at)
  } catch {
    // A zone that this browser does not know: its own clock is the nearest.
    return new Intl.DateTimeFormat('en-GB', { ...style, timeZone: undefined }).format(at)
  }
}

export function isQuiet(quiet: Quiet | null, at: number): boolean {
  if (!quiet) return false
  const time = clock(at, quiet.timezone)
  return quiet.from < quiet.to ? time >= quiet.from && time < quiet.to : time >= quiet.from || time < quiet.to
}
