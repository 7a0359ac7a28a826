/** The one-line description of a message for rows: its text, or the kind in words. */
import { t } from '@/app/i18n'
import type { Conversation } from '@/lib/api'
import { INSTAGRAM_KINDS } from './instagram'

export const KNOWN_KINDS = new Set<string>([
  'text', 'note', 'image', 'video', 'audio', 'voice', 'document', 'sticker', 'location', 'contacts', 'reaction', 'template',
  'interactive', 'button', 'order', 'system', 'unsupported', 'edit', 'revoke', 'request_welcome', 'fallback', 'attachment', ...INSTAGRAM_KINDS,
])
export const kindName = (kind: string): string => (KNOWN_KINDS.has(kind) ? t(`inbox.kind.${kind}`) : t('inbox.kind.unknown', { kind }))

export function previewOf(message: Conversation['last_message']): string {
  if (!message) return ''
  const bare = /^\[[\w-]+\]$/.test(message.preview) || message.preview === ''
  if (bare && message.type !== 'text') return kindName(message.type)
  // Words say more than the name of a kind that nobody knows.
  if (message.type === 'text' || message.type === 'note' || !KNOWN_KINDS.has(message.type)) return message.preview
  return t('inbox.kindAndText', { kind: kindName(message.type), text: `\u2068${message.preview}\u2069` })
}
