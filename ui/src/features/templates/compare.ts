/** Two texts beside each other, word by word. */
export interface Piece {
  text: string
  changed: boolean
}
/** Longer texts are compared as wholes: the table grows with the product of both. */
const MAX_WORDS = 400

const split = (text: string): string[] => text.match(/\s+|[^\s]+/g) ?? []
function pieces(words: readonly string[], kept: ReadonlySet<number>): Piece[] {
  const found: Piece[] = []
  words.forEach((text, place) => {
    const changed = !kept.has(place)
    const last = found.at(-1)
    if (last?.changed === changed) last.text += text
    else found.push({ text, changed })
  })
  return found
}

/** What of each stands in the other too, in the same order (the longest common part). */
export function compare(before: string, after: string): { before: Piece[]; after: Piece[] } {
  const [a, b] = [split(before), split(after)]
  // One without the other has nothing to be compared with.
  const alone = a.length === 0 || b.length === 0
  if (alone || a.length > MAX_WORDS || b.length > MAX_WORDS) {
    const whole = (text: string): Piece[] => (text === '' ? [] : [{ text, changed: !alone }])
    return { before: whole(before), after: whole(after) }
  }
  const longest: number[][] = Array.from({ length: a.length + 1 }, () => new Array<number>(b.length + 1).fill(0))
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) longest[i]![j] = a[i] === b[j] ? longest[i + 1]![j + 1]! + 1 : Math.max(longest[i + 1]![j]!, longest[i]![j + 1]!)
  }
  const [left, right] = [new Set<number>(), new Set<number>()]
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    if (a[i] === b[j]) {
      left.add(i++)
      right.add(j++)
    } else if (longest[i + 1]![j]! >= longest[i]![j + 1]!) i += 1
    else j += 1
  }
  return { before: pieces(a, left), after: pieces(b, right) }
}
