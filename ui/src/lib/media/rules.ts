/** Whether a channel takes a file, and as what: told before anything is uploaded. */
import type { MediaRule } from '@/lib/api'

export type Kind = MediaRule['kind']
export type Verdict = { kind: Kind; problem: null } | { kind: Kind; problem: 'noFiles' | 'wrongType' } | { kind: Kind; problem: 'tooLarge'; max: number }

const SAME: Record<string, string> = {
  'image/jpg': 'image/jpeg', 'image/pjpeg': 'image/jpeg', 'audio/mp3': 'audio/mpeg', 'audio/x-m4a': 'audio/mp4', 'audio/m4a': 'audio/mp4',
  'audio/opus': 'audio/ogg', 'application/ogg': 'audio/ogg', 'audio/aacp': 'audio/aac',
}
/** The type as servers name it, without parameters. */
export function plainType(type: string): string {
  const base = type.split(';')[0]!.trim().toLowerCase()
  if (base.startsWith('text/') && base !== 'text/html') return 'text/plain'
  return SAME[base] ?? base
}
function natural(type: string): Kind {
  const group = type.split('/')[0]
  return group === 'image' || group === 'video' || group === 'audio' ? group : 'document'
}

export function judge(file: { type: string; size: number }, rules: readonly MediaRule[]): Verdict {
  const type = plainType(file.type)
  const kind = natural(type)
  if (rules.length === 0) return { kind, problem: 'noFiles' }
  const kinds: Kind[] = kind === 'document' ? ['document'] : [kind, 'document']
  const taking = kinds.flatMap((each) => rules.filter((rule) => rule.kind === each && rule.mime_types.includes(type)))
  const fits = taking.find((rule) => file.size <= rule.max_bytes)
  if (fits) return { kind: fits.kind, problem: null }
  if (taking.length > 0) return { kind, problem: 'tooLarge', max: Math.max(...taking.map((rule) => rule.max_bytes)) }
  return { kind, problem: 'wrongType' }
}
