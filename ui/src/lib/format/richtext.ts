/**
 * WhatsApp's light formatting (*bold*, _italic_, ~strike~, `code`, ```block```) and links, as a tree of nodes. It is
 * rendered as text nodes and elements, never as HTML.
 */
export type Rich =
  | { kind: 'text'; text: string }
  | { kind: 'bold' | 'italic' | 'strike'; children: Rich[] }
  | { kind: 'code' | 'block'; text: string }
  | { kind: 'link'; text: string; href: string }

const MARKS = { '*': 'bold', _: 'italic', '~': 'strike' } as const
const MAX_DEPTH = 4
const SPECIAL = /```|`|[*_~]|https?:\/\//i
const LINK = /^https?:\/\/[^\s<>"'`\u202a-\u202e\u2066-\u2069]+/i
const WORD = /[\p{L}\p{N}]/u

/** More closing than opening brackets: the last one belongs to the sentence around the link. */
const unbalanced = (text: string, [open, close]: string): boolean => text.split(close!).length > text.split(open!).length

/** The link at the start of the text without the punctuation that ends its sentence. */
function linkAt(text: string): { text: string; href: string } | null {
  const raw = LINK.exec(text)?.[0]
  if (!raw) return null
  let end = raw.replace(/[.,;:!?*_~،؛؟]+$/u, '')
  while (/[)\]]$/.test(end) && unbalanced(end, end.endsWith(')') ? '()' : '[]')) end = end.slice(0, -1)
  try {
    const url = new URL(end)
    return url.hostname ? { text: end, href: url.href } : null
  } catch {
    return null
  }
}

/** Where the mark that opens at `from` closes, or -1: not across lines, not next to spaces, not inside a word. */
function closing(text: string, from: number, mark: string): number {
  if (/\s|^$/.test(text.charAt(from + 1)) || (from > 0 && WORD.test(text.charAt(from - 1)))) return -1
  const line = text.indexOf('\n', from)
  const limit = line < 0 ? text.length : line
  for (let at = text.indexOf(mark, from + 2); at >= 0 && at < limit; at = text.indexOf(mark, at + 1)) {
    if (!/\s/.test(text.charAt(at - 1)) && !WORD.test(text.charAt(at + 1))) return at
  }
  return -1
}

function tokenAt(text: string, at: number, depth: number): { node: Rich; length: number } | null {
  const rest = text.slice(at, at + 2100)
  if (rest.startsWith('```')) {
    const end = text.indexOf('```', at + 3)
    return end > at + 3 ? { node: { kind: 'block', text: text.slice(at + 3, end).replace(/^\n|\n$/g, '') }, length: end + 3 - at } : null
  }
  const sign = text.charAt(at)
  if (sign === '`') {
    const end = text.indexOf('`', at + 1)
    const inner = end > 0 ? text.slice(at + 1, end) : ''
    return inner && !inner.includes('\n') ? { node: { kind: 'code', text: inner }, length: end + 1 - at } : null
  }
  if (sign === 'h' || sign === 'H') {
    const link = linkAt(rest)
    return link ? { node: { kind: 'link', ...link }, length: link.text.length } : null
  }
  const kind = MARKS[sign as keyof typeof MARKS]
  const end = depth < MAX_DEPTH ? closing(text, at, sign) : -1
  return end > 0 ? { node: { kind, children: parse(text.slice(at + 1, end), depth + 1) }, length: end + 1 - at } : null
}

function parse(text: string, depth: number): Rich[] {
  const nodes: Rich[] = []
  let plain = ''
  let at = 0
  while (at < text.length) {
    const next = text.slice(at).search(SPECIAL)
    if (next < 0) break
    plain += text.slice(at, at + next)
    at += next
    const token = tokenAt(text, at, depth)
    if (!token) {
      const skip = text.startsWith('```', at) ? 3 : 1
      plain += text.slice(at, at + skip)
      at += skip
      continue
    }
    if (plain) nodes.push({ kind: 'text', text: plain })
    plain = ''
    nodes.push(token.node)
    at += token.length
  }
  plain += text.slice(at)
  if (plain) nodes.push({ kind: 'text', text: plain })
  return nodes
}

/** Longest text that is formatted; more is shown plainly. Providers allow 4,096 characters. */
export const FORMAT_LIMIT = 8192
export const richText = (text: string): Rich[] =>
  text.length > FORMAT_LIMIT ? [{ kind: 'text', text }] : parse(text, 0)
