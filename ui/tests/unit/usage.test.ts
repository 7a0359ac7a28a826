import { describe, expect, it } from 'vitest'
import { csvUrl, isAmount, isCountry, lastDays } from '@/features/usage/model'

describe('usage', () => {
  it('shows the last days as the server counts them, in UTC', () => {
    const now = Date.parse('2026-03-01T00:30:00Z')
    expect(lastDays(1, now)).toEqual({ from: '2026-03-01', to: '2026-03-01' })
    expect(lastDays(30, now)).toEqual({ from: '2026-01-31', to: '2026-03-01' })
    expect(csvUrl(lastDays(1, now))).toBe('/api/v1/usage.csv?from=2026-03-01&to=2026-03-01')
  })
  it('takes the amounts and countries that the server takes', () => {
    for (const good of ['0', '12', '0.0225', ' 1.5 ']) expect(isAmount(good), good).toBe(true)
    for (const bad of ['', '-1', '1,5', '1.', '.5', '1e3', '0.0000001']) expect(isAmount(bad), bad).toBe(false)
    expect([isCountry('KE'), isCountry('ke'), isCountry('KEN'), isCountry('1a')]).toEqual([true, true, false, false])
  })
})
