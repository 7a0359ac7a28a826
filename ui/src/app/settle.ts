/**
 * What can wait until the first page stands: menus, and parts that are only likely to be wanted. On a slow phone they would
 * else take the processor from what somebody is waiting for.
 */
import { queryClient } from './query'

/** However long the server takes, the rest comes after this. */
const LONGEST_MS = 3000
const LOOK_MS = 50

let settle: () => void
/** Resolves when the first page has its data and the browser has nothing more urgent. */
export const settled = new Promise<void>((resolve) => (settle = resolve))

/** Begins to watch, once the first page is mounted. */
export function startSettling(): void {
  const end = Date.now() + LONGEST_MS
  const idle = window.requestIdleCallback ?? ((run: () => void) => setTimeout(run, 200))
  const look = (): void => {
    if (queryClient.isFetching() === 0 || Date.now() > end) idle(() => settle(), { timeout: LONGEST_MS })
    else setTimeout(look, LOOK_MS)
  }
  setTimeout(look, LOOK_MS)
}
