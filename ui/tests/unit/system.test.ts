import { describe, expect, it } from 'vitest'
import { type Alert, filterLogs, openBreaker, parseLine, parseLogs, pretty, sortActors, sortAlerts } from '@/features/system/model'

describe('log lines', () => {
  it('takes lines apart, as JSON text, or as plain text', () => {
    const whole = { at: '2026-11-20T10:00:00Z', level: 'warn', target: 'frontdesk::web', message: 'slow', fields: { took_ms: 9 }, trace_id: 'abc' }
    expect(parseLine(whole)).toEqual(whole)
    expect(parseLine(JSON.stringify({ timestamp: '2026-11-20T10:00:00Z', level: 'ERROR', fields: { message: 'refused', code: 190 } }))).toMatchObject({
      at: '2026-11-20T10:00:00Z', level: 'error', message: 'refused', fields: { code: 190 },
    })
    expect(parseLine('2026-11-20T10:00:00.1Z  WARN frontdesk: slow')).toMatchObject({ at: '2026-11-20T10:00:00.1Z', level: 'warn' })
    expect(parseLine('{broken')).toMatchObject({ level: 'info', message: '{broken' })
    expect(parseLine(7)).toMatchObject({ level: 'info', message: '' })
  })
  it('accepts a bare list and a list answer', () => {
    expect(parseLogs(['a']).length).toBe(1)
    expect(parseLogs({ items: ['a', 'b'] }).length).toBe(2)
    expect(parseLogs(null)).toEqual([])
  })
  it('filters by gravity and by words in any part', () => {
    const lines = parseLogs([
      { level: 'error', message: 'refused', target: 'dispatch', trace_id: 'abc' },
      { level: 'warn', message: 'slow' },
      { level: 'debug', message: 'tick', fields: { queue: 'Refused-7' } },
    ])
    expect(filterLogs(lines, 'warn', '').map((line) => line.message)).toEqual(['refused', 'slow'])
    expect(filterLogs(lines, 'all', 'REFUSED').map((line) => line.message)).toEqual(['refused', 'tick'])
    expect(filterLogs(lines, 'all', 'abc dispatch').length).toBe(1)
  })
})

describe('figures', () => {
  it('knows an open breaker however it is told', () => {
    expect(openBreaker(null)).toBeNull()
    expect(openBreaker('closed')).toBeNull()
    expect(openBreaker({ state: 'closed', reason: 'old' })).toBeNull()
    expect(openBreaker('half_open')).toEqual({ reason: null })
    expect(openBreaker({ state: 'open', reason: 'token expired' })).toEqual({ reason: 'token expired' })
  })
  it('puts actors with trouble first', () => {
    const actor = (name: string, state: string, restarts: number) => ({ name, kind: 'k', state, restarts, mailbox: 0, last_error: null })
    expect(sortActors([actor('a', 'running', 0), actor('b', 'failed', 9), actor('c', 'running', 1)]).map((each) => each.name)).toEqual(['b', 'c', 'a'])
  })
  it('shows raised alerts: unacknowledged, then grave, then new', () => {
    const alert = (id: string, severity: Alert['severity'], raised: string, more: Partial<Alert> = {}): Alert => ({ id, kind: 'x', severity, title: id, detail: null, raised_at: raised, ...more })
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
