import { describe, expect, it } from 'vitest'
import { untilChange } from '@/features/hours/data'
import { closedFault, faultOf, isValid, nextSpan, toBody, toCloses, toDraft, toField } from '@/features/hours/model'
import type { OpeningHours } from '@/lib/api'

const hours: OpeningHours = {
  configured: true, timezone: 'Africa/Nairobi', week: { monday: [{ opens: '08:00', closes: '24:00' }], tuesday: [], wednesday: [], thursday: [], friday: [], saturday: [], sunday: [] },
  closed_days: [{ from: '2026-12-24', to: '2026-12-26', name: 'Christmas' }], open: false, opens_at: '2026-11-23T05:00:00Z', closes_at: null, version: 3,
}

describe('opening hours', () => {
  it('come back from the editor as they went in', () => {
    const { timezone, week, closed_days } = hours
    expect(toBody(toDraft(hours))).toEqual({ timezone, week, closed_days })
  })
  it('a draft shares nothing with what the server said', () => {
    toDraft(hours).week.monday[0]!.opens = '10:00'
    expect(hours.week.monday![0]!.opens).toBe('08:00')
  })
  it.each([
    [[{ opens: '09:00', closes: '12:00' }, { opens: '12:00', closes: '17:00' }], null],
    [[{ opens: '13:00', closes: '17:00' }, { opens: '09:00', closes: '13:01' }], 'overlap'],
    [[{ opens: '17:00', closes: '09:00' }], 'order'],
    [[{ opens: '', closes: '09:00' }], 'time'],
    [[{ opens: '09:00', closes: '24:00' }], null],
    [[], null],
  ] as const)('says what is wrong with %j: %s', (spans, fault) => expect(faultOf(spans)).toBe(fault))

  it('midnight at the end of a day is 24:00', () => {
    expect([toField('24:00'), toCloses('00:00'), toCloses('17:00')]).toEqual(['00:00', '24:00', '17:00'])
  })
  it.each([
    [[], { opens: '09:00', closes: '17:00' }],
    [[{ opens: '09:00', closes: '12:00' }], { opens: '13:00', closes: '16:00' }],
    [[{ opens: '09:00', closes: '22:00' }], { opens: '23:00', closes: '24:00' }],
    [[{ opens: '09:00', closes: '24:00' }], { opens: '', closes: '' }],
  ])('after %j suggests %j', (spans, next) => expect(nextSpan(spans)).toEqual(next))

  it('closed days need a first day, and end after it', () => {
    expect([{ from: '', to: '', name: '' }, { from: '2026-12-24', to: '2026-12-23', name: '' }, { from: '2026-12-24', to: '', name: '' }].map(closedFault)).toEqual([true, true, false])
    expect(isValid({ ...toDraft(hours), closed: [{ from: '', to: '', name: '' }] })).toBe(false)
  })
  it('are asked for again when they change, at least every hour', () => {
    const before = Date.parse('2026-11-23T04:50:00Z')
    expect(untilChange(hours, before)).toBe(601_000)
    expect(untilChange(hours, before - 86_400_000)).toBe(3_600_000)
    expect(untilChange(hours, before + 86_400_000)).toBe(60_000)
    expect(untilChange(undefined, before)).toBe(3_600_000)
  })
})
