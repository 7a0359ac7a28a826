/** What a message says in words alone: for quotes, copying and forwarding. */
import { t } from '@/app/i18n'
import type { Message } from '@/lib/api'
import { kindName } from '../preview'
import { answeredOf, askedOf, asObject, peopleOf, placeOf, textAt } from './read'

export const contentOf = (message: Pick<Message, 'type'> & Record<string, unknown>): unknown => message[message.type] ?? message.content
const lines = (...parts: string[]): string => parts.filter(Boolean).join('\n')

/** Everything that a person would copy; empty where there is nothing to read. */
export function wordsOf(message: Pick<Message, 'type'> & Record<string, unknown>): string {
  if (message.deleted) return ''
  const content = contentOf(message)
  switch (message.type) {
    case 'text': case 'note': case 'system':
      return textAt(content, 'body')
    case 'button': case 'order':
      return textAt(content, 'text')
    case 'template':
      return textAt(content, 'rendered')
    case 'interactive': {
      const answered = answeredOf(content)
      if (answered) return lines(answered.title, answered.description, ...answered.fields.map(([name, value]) => `${name}: ${value}`))
      const asked = askedOf(content)
      return lines(asked.header, asked.body, asked.footer)
    }
    case 'location': {
      const place = placeOf(content)
      return place ? lines(place.name, place.address, `${place.latitude}, ${place.longitude}`) : ''
    }
    case 'contacts':
      return peopleOf(content).map((person) => lines(person.name, ...person.phones.map((each) => each.phone), ...person.emails)).join('\n')
    case 'edit':
      return textAt(content, 'message', 'text', 'body') || textAt(content, 'text', 'body')
    default:
      return looseWords(content)
  }
}
/** Where kinds that are new to this version may have their words; Twilio's fields are written large. */
const PLACES = [['caption'], ['text'], ['text', 'body'], ['body'], ['body', 'text'], ['title'], ['Body'], ['content', 'Body']]
const looseWords = (content: unknown): string => PLACES.map((path) => textAt(content, ...path)).find((text) => text !== '') ?? ''

/** One line for a quote. */
export function quoteOf(message: Pick<Message, 'type'> & Record<string, unknown>): string {
  if (message.deleted) return t('content.deletedShort')
  const words = wordsOf(message).replace(/\s+/g, ' ').trim()
  return words || textAt(contentOf(message), 'filename') || kindName(message.type)
}

/** The message as it can be sent to someone else; null for what cannot. */
export function forwardable(message: Message): { type: string; [content: string]: unknown } | null {
  if (message.deleted || message.private) return null
  const content = contentOf(message)
  switch (message.type) {
    case 'text':
      return { type: 'text', text: { body: textAt(content, 'body') } }
    case 'location': {
      const place = placeOf(content)
      if (!place) return null
      const { latitude, longitude, name, address } = place
      return { type: 'location', location: { latitude, longitude, ...(name && { name }), ...(address && { address }) } }
    }
    case 'interactive':
      return answeredOf(content) ? textOnly(message) : { type: 'interactive', interactive: content }
    case 'contacts':
      return { type: 'contacts', contacts: cards(content) }
    case 'image': case 'video': case 'audio': case 'document': case 'sticker': {
      const { caption, filename } = asObject(content)
      // The file as it is kept here; the provider's own name for it may be out of date.
      const media_id = message.media?.[0]?.id ?? asObject(content).media_id
      if (typeof media_id !== 'string') return null
      const named = message.type === 'document' && typeof filename === 'string' ? { filename } : {}
      const captioned = typeof caption === 'string' && caption && message.type !== 'audio' && message.type !== 'sticker' ? { caption } : {}
      return { type: message.type, [message.type]: { media_id, ...captioned, ...named } }
    }
    default:
      return textOnly(message)
  }
}
const textOnly = (message: Message): { type: string; text: { body: string } } | null => {
  const body = wordsOf(message)
  return body ? { type: 'text', text: { body } } : null
}
function cards(content: unknown): unknown[] {
  return peopleOf(content).slice(0, 5).map((person) => ({
    name: { formatted_name: person.name || '?', first_name: person.name.split(' ')[0] || '?' },
    ...(person.phones.length > 0 && { phones: person.phones.map(({ phone }) => ({ phone })) }),
    ...(person.emails.length > 0 && { emails: person.emails.map((email) => ({ email })) }),
    ...(person.company && { org: { company: person.company } }),
  }))
}
