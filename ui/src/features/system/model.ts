/** What the System page makes of the server's figures. */
import type { Operations } from '@/api/operations'
import type { Message } from '@/lib/api'

export type SystemInfo = Operations['System']
export type Alert = Operations['Alert']
export type LogLine = Operations['LogLine']
export type Level = 'error' | 'warn' | 'info' | 'debug'
export const LEVELS: Level[] = ['error', 'warn', 'info', 'debug']

export function asLevel(level: unknown): Level {
  const name = String(level ?? '').toLowerCase()
  if (name.startsWith('warn')) return 'warn'
  if (name.startsWith('err') || name === 'fatal') return 'error'
  return name === 'debug' || name === 'trace' ? 'debug' : 'info'
}
type Loose = Record<string, unknown>
const text = (value: unknown): string => (typeof value === 'string' ? value : value == null ? '' : JSON.stringify(value))

/** One log line, whether the server sends it taken apart or as the text that it wrote. */
export function parseLine(line: unknown): LogLine {
  if (typeof line === 'string') {
    try {
      const inner: unknown = JSON.parse(line)
      if (typeof inner === 'object' && inner !== null) return parseLine(inner)
    } catch {
      // Not JSON: the text stands for itself.
    }
    const level = /\b(ERROR|WARN|INFO|DEBUG|TRACE)\b/.exec(line)?.[1]
    return { at: /^\S*\d{4}-\d\d-\d\dT\S+/.exec(line)?.[0] ?? '', level: asLevel(level), message: line }
  }
  const record = (typeof line === 'object' && line !== null ? line : {}) as Loose
  const fields = (typeof record.fields === 'object' && record.fields !== null ? record.fields : {}) as Loose
  const { message: inner, ...rest } = fields
  return {
    at: text(record.at ?? record.timestamp),
    level: asLevel(record.level),
    target: text(record.target) || null,
    message: text(record.message ?? inner),
    trace_id: text(record.trace_id ?? rest.trace_id) || null,
    fields: rest,
  }
}
export function parseLogs(answer: unknown): LogLine[] {
  const list = Array.isArray(answer) ? answer : ((answer as { items?: unknown[] } | null)?.items ?? [])
  return list.map(parseLine)
}
/** Lines at least as grave as `level` that contain every word. */
export function filterLogs(lines: LogLine[], level: Level | 'all', words: string): LogLine[] {
  const limit = level === 'all' ? LEVELS.length : LEVELS.indexOf(level)
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean)
  return lines.filter((line) => {
    if (LEVELS.indexOf(asLevel(line.level)) > limit) return false
    const hay = `${line.message} ${line.target ?? ''} ${line.trace_id ?? ''} ${fieldText(line)}`.toLowerCase()
    return wanted.every((word) => hay.includes(word))
  })
}
export const fieldText = (line: LogLine): string =>
  Object.entries(line.fields ?? {}).map(([key, value]) => `${key}=${text(value)}`).join(' ')

type Breaker = SystemInfo['queues'][number]['breaker']
/** An open breaker, with its reason; null when sending works. */
export function openBreaker(breaker: Breaker): { reason: string | null } | null {
  if (!breaker) return null
  const state = typeof breaker === 'string' ? breaker : breaker.state
  if (state === 'closed') return null
  return { reason: typeof breaker === 'string' ? null : (breaker.reason ?? null) }
}

/** Whether an owner should make room soon: less than five times what the server keeps free, at least 2 GB. */
export const isLow = (storage: SystemInfo['storage']): boolean => storage.free_bytes < Math.max(2_000_000_000, 5 * (storage.min_free_bytes ?? 0))
const OUT_OF_ORDER = /fail|dead|stopped|restarting|crash|panic/i
export const actorTone = (actor: SystemInfo['actors'][number]): 'danger' | 'warning' | 'success' =>
  OUT_OF_ORDER.test(actor.state) ? 'danger' : actor.restarts > 0 ? 'warning' : 'success'
/** Those with trouble first, then by kind and name. */
export const sortActors = (actors: SystemInfo['actors']): SystemInfo['actors'] => {
  const rank = { danger: 0, warning: 1, success: 2 }
  return [...actors].sort((a, b) => rank[actorTone(a)] - rank[actorTone(b)] || a.kind.localeCompare(b.kind) || a.name.localeCompare(b.name))
}
/** Unacknowledged first, grave before light, then the newest. */
export function sortAlerts(alerts: Alert[]): Alert[] {
  const grave = { critical: 0, warning: 1, info: 2 }
  const rank = (alert: Alert): number => (alert.acknowledged_by ? 10 : 0) + grave[alert.severity ?? 'warning']
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
