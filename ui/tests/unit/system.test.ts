import { describe, expect, it } from 'vitest'
import { type Alert, filterLogs, type LogLine, openBreaker, pretty, sortActors, sortAlerts } from '@/features/system/model'

describe('log lines', () => {
  it('filters by gravity and by words in any part', () => {
    const line = (level: string, message: string, more: Partial<LogLine> = {}): LogLine => ({ at: '', level, message, target: '', trace_id: null, fields: {}, ...more })
    const lines = [
      line('error', 'refused', { target: 'dispatch', trace_id: 'abc' }),
      line('warn', 'slow'),
      line('debug', 'tick', { fields: { queue: 'Refused-7' } }),
    ]
    expect(filterLogs(lines, 'warn', '').map((line) => line.message)).toEqual(['refused', 'slow'])
    expect(filterLogs(lines, 'all', 'REFUSED').map((line) => line.message)).toEqual(['refused', 'tick'])
    expect(filterLogs(lines, 'all', 'abc dispatch').length).toBe(1)
  })
})

describe('figures', () => {
  it('knows an open breaker', () => {
    expect(openBreaker({ state: 'closed', reason: 'old' })).toBeNull()
    expect(openBreaker({ state: 'half_open', reason: null })).toEqual({ reason: null })
    expect(openBreaker({ state: 'open', reason: 'token expired' })).toEqual({ reason: 'token expired' })
  })
  it('puts actors with trouble first', () => {
    const actor = (name: string, state: 'running' | 'restarting', restarts: number) => ({ name, kind: 'k', state, restarts, mailbox: 0, last_error: null, since: '' })
    expect(sortActors([actor('a', 'running', 0), actor('b', 'restarting', 9), actor('c', 'running', 1)]).map((each) => each.name)).toEqual(['b', 'c', 'a'])
  })
  it('shows raised alerts: unacknowledged, then grave, then new', () => {
    const alert = (id: string, severity: Alert['severity'], raised: string, more: Partial<Alert> = {}): Alert => ({ id, kind: 'x', severity, title: id, detail: '', subject: '', channel_id: null, raised_at: raised, cleared_at: null, acknowledged_by: null, deliveries: [], ...more })
    const sorted = sortAlerts([
      alert('acked', 'critical', '2026-01-05', { acknowledged_by: { id: 'u', name: 'A' } }),
      alert('old', 'warning', '2026-01-01'),
      alert('new', 'warning', '2026-01-02'),
      alert('grave', 'critical', '2026-01-01'),
      alert('gone', 'critical', '2026-01-01', { cleared_at: '2026-01-02' }),
    ])
    expect(sorted.map((each) => each.id)).toEqual(['grave', 'new', 'old', 'acked'])
  })
  it('sets out JSON and leaves the rest as it came', () => {
    expect(pretty('{"a":1}')).toBe('{\n  "a": 1\n}')
    expect(pretty('%PDF <x>')).toBe('%PDF <x>')
  })
})
