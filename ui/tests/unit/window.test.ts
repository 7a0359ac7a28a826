import { describe, expect, it } from 'vitest'
import { freeFor } from '@/features/inbox/window'

describe('the free time after an advertisement', () => {
  const now = Date.parse('2026-11-21T10:00:00Z')
  const window = (free_until: string | null) => ({ open: false, expires_at: null, free_until })
  it('is told while it lasts', () => {
    expect(freeFor(window('2026-11-22T10:00:00Z'), now)).toBe('2026-11-22T10:00:00Z')
    expect(freeFor(window('2026-11-21T10:00:00Z'), now)).toBeNull()
    expect(freeFor(window(null), now)).toBeNull()
  })
})
