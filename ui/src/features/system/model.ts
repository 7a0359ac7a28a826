/** What the System page makes of the server's figures. */
import { said } from '@/app/said'
import type { Alert, LogLine, Message, System } from '@/lib/api'

export type SystemInfo = System
export type { Alert, LogLine }
export type Level = 'error' | 'warn' | 'info' | 'debug'
export const LEVELS: Level[] = ['error', 'warn', 'info', 'debug']

export function asLevel(level: unknown): Level {
  const name = String(level ?? '').toLowerCase()
  if (name.startsWith('warn')) return 'warn'
  if (name.startsWith('err') || name === 'fatal') return 'error'
  return name === 'debug' || name === 'trace' ? 'debug' : 'info'
}
/** Lines at least as grave as `level` that contain every word. */
export function filterLogs(lines: LogLine[], level: Level | 'all', words: string): LogLine[] {
  const limit = level === 'all' ? LEVELS.length : LEVELS.indexOf(level)
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean)
  return lines.filter((line) => {
    if (LEVELS.indexOf(asLevel(line.level)) > limit) return false
    const hay = `${line.message} ${line.target} ${line.trace_id ?? ''} ${fieldText(line)}`.toLowerCase()
    return wanted.every((word) => hay.includes(word))
  })
}
export const fieldText = (line: LogLine): string =>
  Object.entries(line.fields).map(([key, value]) => `${key}=${value}`).join(' ')

/** An open breaker, with its reason; null when sending works. */
export const openBreaker = (breaker: SystemInfo['queues'][number]['breaker']): { reason: string | null } | null =>
  breaker.state === 'closed' ? null : { reason: said(breaker.reason, breaker.reason_phrase) || null }

/** Whether an owner should make room soon: less than five times what the server keeps free, at least 2 GB. */
export const isLow = (storage: SystemInfo['storage']): boolean => storage.free_bytes < Math.max(2_000_000_000, 5 * storage.min_free_bytes)
export const actorTone = (actor: SystemInfo['actors'][number]): 'danger' | 'warning' | 'success' =>
  actor.state !== 'running' ? 'danger' : actor.restarts > 0 ? 'warning' : 'success'
/** Those with trouble first, then by kind and name. */
export const sortActors = (actors: SystemInfo['actors']): SystemInfo['actors'] => {
  const rank = { danger: 0, warning: 1, success: 2 }
  return [...actors].sort((a, b) => rank[actorTone(a)] - rank[actorTone(b)] || a.kind.localeCompare(b.kind) || a.name.localeCompare(b.name))
}
/** Unacknowledged first, grave before light, then the newest. */
export function sortAlerts(alerts: Alert[]): Alert[] {
  const grave = { critical: 0, warning: 1, info: 2 }
  const rank = (alert: Alert): number => (alert.acknowledged_by ? 10 : 0) + grave[alert.severity]
  return alerts.filter((alert) => !alert.cleared_at).sort((a, b) => rank(a) - rank(b) || (a.raised_at < b.raised_at ? 1 : -1))
}

/** A few words of a message; null when it has none (the caller names its kind). */
export function previewOf(message: Message): string | null {
  const content = message[message.type] as { body?: string; caption?: string; filename?: string; name?: string } | undefined
  return message.text?.body ?? content?.body ?? content?.caption ?? content?.filename ?? content?.name ?? null
}
/** The payload with line breaks where it is JSON; otherwise as it came. */
export function pretty(payload: string): string {
  try {
    return JSON.stringify(JSON.parse(payload), null, 2)
  } catch {
    return payload
  }
}
