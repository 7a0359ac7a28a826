/** The same act on many things: a few at a time, every failure kept with its thing, progress told as it goes. */
export interface BulkFailure<T> {
  item: T
  error: unknown
}
export interface BulkState<T> {
  total: number
  done: number
  failed: BulkFailure<T>[]
}

export async function runBulk<T>(
  items: readonly T[],
  act: (item: T) => Promise<unknown>,
  progress: (state: BulkState<T>) => void = () => undefined,
  atOnce = 4,
): Promise<BulkState<T>> {
  const state: BulkState<T> = { total: items.length, done: 0, failed: [] }
  const waiting = [...items]
  progress({ ...state })
  async function work(): Promise<void> {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) {
      try {
        await act(item)
        state.done += 1
      } catch (error) {
        state.failed = [...state.failed, { item, error }]
      }
      progress({ ...state })
    }
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, work))
  return state
}
