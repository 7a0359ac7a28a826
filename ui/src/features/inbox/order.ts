/**
 * The order of rows on screen. While someone reads further down, arrivals must not move what is being read: the order
 * is then held, and what is new waits behind a "3 new" button. Rows that no longer belong leave at once; what is loaded
 * at the end is appended.
 */
export interface Held {
  ids: readonly string[]
  /** Ids that came, or moved up, since the order was held. */
  waiting: number
}

export function hold(shown: readonly string[], actual: readonly string[]): Held {
  // Most often more was loaded at the end, or a row changed where it stands: nothing is to be worked out.
  if (actual.length >= shown.length && shown.every((id, index) => id === actual[index])) return { ids: actual as string[], waiting: 0 }
  const present = new Set(actual)
  const kept = shown.filter((id) => present.has(id))
  const known = new Set(kept)
  // Everything behind the last known row came by loading more; what is before it arrived.
  let lastKnown = -1
  actual.forEach((id, index) => {
    if (known.has(id)) lastKnown = index
  })
  const appended = actual.slice(lastKnown + 1).filter((id) => !known.has(id))
  const arrived = actual.slice(0, lastKnown + 1).filter((id) => !known.has(id)).length
  return { ids: [...kept, ...appended], waiting: arrived + movedUp(kept, actual.filter((id) => known.has(id))) }
}

/** How many rows would go up: those that now stand before a row they stood behind. */
function movedUp(shown: readonly string[], actual: readonly string[]): number {
  let moved = 0
  let at = 0
  const done = new Set<string>()
  for (const id of actual) {
    while (at < shown.length && done.has(shown[at]!)) at += 1
    if (shown[at] === id) at += 1
    else {
      moved += 1
      done.add(id)
    }
  }
  return moved
}
