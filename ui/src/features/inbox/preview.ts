/** The one-line description of a message for rows: its text, or the kind in words. */
import { t } from '@/app/i18n'
import type { Conversation } from '@/lib/api'
import { INSTAGRAM_KINDS } from './instagram'

export const KNOWN_KINDS = new Set<string>([
  'text', 'note', 'image', 'video', 'audio', 'voice', 'document', 'sticker', 'location', 'contacts', 'reaction', 'template',
  'interactive', 'button', 'order', 'system', 'unsupported', 'edit', 'revoke', 'request_welcome', 'fallback', 'attachment', ...INSTAGRAM_KINDS,
])
export const kindName = (kind: string): string => (KNOWN_KINDS.has(kind) ? t(`inbox.kind.${kind}`) : t('inbox.kind.unknown', { kind }))

/** The kind in words, where it is not plain text, and the text. */
export function partsOf(message: Conversation['last_message']): { kind: string; text: string } {
  if (!message) return { kind: '', text: '' }
  const bare = /^\[[\w-]+\]$/.test(message.preview) || message.preview === ''
  // Words say more than the name of a kind that nobody knows.
  const plain = message.type === 'text' || message.type === 'note' || !KNOWN_KINDS.has(message.type)
  if (bare && message.type !== 'text') return { kind: kindName(message.type), text: '' }
  return { kind: plain ? '' : kindName(message.type), text: message.preview }
}

export function previewOf(message: Conversation['last_message']): string {
  const { kind, text } = partsOf(message)
  return kind && text ? t('inbox.kindAndText', { kind, text: `\u2068${text}\u2069` }) : kind || text
}
