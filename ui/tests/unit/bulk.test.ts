import { describe, expect, it } from 'vitest'
import { runBulk } from '@/lib/bulk'

describe('bulk', () => {
  it('does all, keeps each failure with its thing, and tells progress', async () => {
    const seen: number[] = []
    const state = await runBulk(
      [1, 2, 3, 4, 5, 6, 7],
      (item) => (item % 3 === 0 ? Promise.reject(new Error(`no ${item}`)) : Promise.resolve()),
      (next) => seen.push(next.done + next.failed.length),
    )
    expect(state).toMatchObject({ total: 7, done: 5 })
    expect(state.failed.map((failure) => failure.item).sort()).toEqual([3, 6])
    expect(seen).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
  })

  it('never runs more at once than allowed', async () => {
    let running = 0
    let most = 0
    await runBulk(
      Array.from({ length: 20 }, (_, index) => index),
      async () => {
        running += 1
        most = Math.max(most, running)
        await Promise.resolve()
        running -= 1
      },
      undefined,
      3,
    )
    expect(most).toBe(3)
  })

  it('is done at once with nothing', async () => expect(await runBulk([], () => Promise.reject(new Error('x')))).toEqual({ total: 0, done: 0, failed: [] }))
})
