/** What the simulated phone does, apart from how it looks. */
import type { Behaviour, Customer, Faults as PhoneFaults, PhoneMessage } from '@/lib/api'
import { asList, asObject, textAt } from '@/features/inbox/content/read'
import { isDay } from './days'

export type { Behaviour, Customer, PhoneMessage }
/** What a simulated provider does wrong; tokens expire on Instagram's only. */
export type Faults = PhoneFaults & { token_expired?: boolean }
/** How a healthy phone acts that somebody holds in their hand. */
export const HEALTHY: Behaviour = { read: 'manual', refuse: false, offline: false, delay_ms: 0, auto_reply: false }
export const READS = ['auto', 'manual', 'never'] as const

/** Emoji at hand; each is its own name. */
export const EMOJI = [...'👍🙏😀😂😍😢😡🎂🍞🥐☕🍰🎉✅❌❓📍📞🕐💰🚚🌸🔥👋']
export const REACTIONS = [...'👍❤😂😮😢🙏'].map((each) => (each === '❤' ? '❤️' : each))

/** Places and pictures that a customer can send without having any. */
export const PLACES = [
  { latitude: -1.286389, longitude: 36.817223, name: 'Nairobi', address: 'Kenyatta Avenue' },
  { latitude: -23.55052, longitude: -46.633308, name: 'São Paulo', address: 'Praça da Sé' },
  { latitude: 30.04442, longitude: 31.235712, name: 'القاهرة', address: 'ميدان التحرير' },
]
/** A card and a cart that a customer can send without having any. */
export const CARDS = [
  { name: { formatted_name: 'Juma Mwangi', first_name: 'Juma', last_name: 'Mwangi' }, phones: [{ phone: '+254 722 000 777', wa_id: '254722000777', type: 'MOBILE' }], org: { company: 'Mwangi Hauliers' } },
]
export const ORDER = {
  catalog_id: '550000000000001',
  product_items: [
    { product_retailer_id: 'SKU-BASKET-L', quantity: 2, item_price: 1850, currency: 'KES' },
    { product_retailer_id: 'SKU-MAT-S', quantity: 1, item_price: 900, currency: 'KES' },
  ],
}
type Wording = { body?: string; caption?: string } | null | undefined
/** The words of a message that its writer can change. */
export const captionOf = (message: PhoneMessage): string => {
  const content = message[message.type] as Wording
  return (message.type === 'text' ? content?.body : content?.caption) ?? ''
}
/** The edit that gives a message new words. */
export function reworded(message: PhoneMessage, words: string): { type: string; [content: string]: unknown } {
  const content = message.type === 'text' ? { body: words } : { ...(message[message.type] as object), caption: words }
  return { type: 'edit', edit: { original_message_id: message.id, message: { type: message.type, [message.type]: content } } }
}
/** The answer to a tapped part of an interactive message; null for what opens nothing to send. */
export function answerTo(kind: string, option: { id: string; title: string; description: string }): { type: string; [content: string]: unknown } | null {
  const { id, title, description } = option
  if (kind === 'button') return { type: 'interactive', interactive: { type: 'button_reply', button_reply: { id, title } } }
  if (kind === 'list') return { type: 'interactive', interactive: { type: 'list_reply', list_reply: { id, title, ...(description && { description }) } } }
  if (kind === 'location_request_message') return { type: 'location', location: PLACES[0] }
  if (kind === 'request_contact_info') return { type: 'contacts', contacts: [{ ...CARDS[0], origin: 'contact_request' }] }
  if (kind === 'call_permission_request') return { type: 'interactive', interactive: { type: 'call_permission_reply', call_permission_reply: { response: 'accept', is_permanent: false } } }
  if (kind === 'catalog') return { type: 'order', order: ORDER }
  return null
}
/** A template as the phone shows it. */
export interface TemplateButton { type: string; text: string; payload?: string }
export interface TemplateParts { product: string; picture: string; body: string; buttons: TemplateButton[]; cards: TemplateParts[] }
const MOST = 10
export function partsOf(template: unknown, files = textAt(template, 'files')): TemplateParts {
  const shown = asObject(template)
  const picture = textAt(shown, 'header', 'image', 'id')
  return {
    picture: picture && files ? `${files}/${encodeURIComponent(picture)}` : '',
    product: textAt(shown, 'header', 'product', 'product_retailer_id'), body: textAt(shown, 'body'),
    buttons: asList(shown.buttons).slice(0, MOST).map((each) => ({ type: textAt(each, 'type').toLowerCase(), text: textAt(each, 'text'), ...(textAt(each, 'payload') && { payload: textAt(each, 'payload') }) })),
    cards: asList(shown.cards).slice(0, MOST).map((card) => partsOf(card, files)),
  }
}
export const formReply = (kind: 'flow' | 'address_message', body: string, answers: Record<string, string>): { type: string; [content: string]: unknown } => ({
  type: 'interactive', interactive: { type: 'nfm_reply', nfm_reply: { name: kind, body, response_json: JSON.stringify(answers) } },
})

export const SAMPLES = ['cake', 'receipt', 'map'] as const
export const DELAYS = [0, 2000, 10_000, 30_000] as const

/** Oldest first, with the day each starts where it changes. */
export function withDays(messages: PhoneMessage[]): { message: PhoneMessage; newDay: boolean }[] {
  return messages.map((message, index) => ({ message, newDay: index === 0 || !isDay(messages[index - 1]!.created_at, message.created_at) }))
}
/** Messages of the business that the customer has got but not read. */
export const unreadOf = (messages: PhoneMessage[]): PhoneMessage[] =>
  messages.filter((message) => message.direction === 'outbound' && ['sent', 'delivered', 'accepted'].includes(message.status))

/** A file's bytes as text, for the simulator's message. */
export async function asBase64(file: Blob): Promise<string> {
  const bytes = new Uint8Array(await file.arrayBuffer())
  let text = ''
  for (let at = 0; at < bytes.length; at += 0x8000) text += String.fromCharCode(...bytes.subarray(at, at + 0x8000))
  return btoa(text)
}

const FILES = new Set(['image', 'video', 'audio', 'document', 'sticker'])
/** A message with its file as the phone has it: read from the simulated provider. */
export function withFile(customer: string, message: PhoneMessage): PhoneMessage {
  const files = `/api/v1/sandbox/customers/${encodeURIComponent(customer)}/files`
  if (message.type === 'template') return { ...message, template: { ...asObject(message.template), files } }
  const body = message[message.type] as { id?: string; mime_type?: string; filename?: string } | undefined
  if (!FILES.has(message.type) || !body?.id) return message
  const url = `${files}/${encodeURIComponent(body.id)}`
  const usual = { image: 'image/jpeg', sticker: 'image/webp', video: 'video/mp4', audio: 'audio/ogg', document: 'application/octet-stream' }[message.type] ?? ''
  const media = { id: body.id, kind: message.type, state: 'stored', mime_type: body.mime_type?.split(';')[0] ?? usual, filename: body.filename ?? null, size: 0, url, thumbnail_url: null, can_fetch: false }
  return { ...message, media: [media] }
}

/** A phone number as the provider knows it: digits, at least the country code and a few more. */
export const digitsOf = (phone: string): string => phone.replace(/\D/g, '')
export const isPhone = (phone: string): boolean => /^\+?[\d\s().-]+$/.test(phone.trim()) && digitsOf(phone).length >= 7 && digitsOf(phone).length <= 15

export const NO_FAULTS: Faults = { delay_ms: 0, refuse_next: 0, drop_answer_next: 0, down: false, token_expired: false, duplicate_webhooks: false, reorder_webhooks: false }
export const hasFaults = (faults: Faults): boolean =>
  faults.delay_ms > 0 || faults.refuse_next > 0 || faults.drop_answer_next > 0 || faults.down || faults.token_expired === true || faults.duplicate_webhooks || faults.reorder_webhooks

const PLAYED = ['sandbox', 'sandbox_sms']
/** The sandbox channels whose customers have a number: each is an app on the phone. */
export const playedIn = <T extends { provider?: string }>(channels: readonly T[]): T[] => channels.filter((channel) => PLAYED.includes(channel.provider ?? ''))
