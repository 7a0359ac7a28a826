/** What the simulated phone does, apart from how it looks. */
import type { Behaviour, Customer, Faults, PhoneMessage } from '@/lib/api'
import { isDay } from './days'

export type { Behaviour, Customer, Faults, PhoneMessage }
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
export const SAMPLES = ['cake', 'receipt', 'map'] as const
export const DELAYS = [0, 2000, 10_000, 30_000] as const

/** Oldest first, with the day each starts where it changes. */
export function withDays(messages: PhoneMessage[]): { message: PhoneMessage; newDay: boolean }[] {
  return messages.map((message, index) => ({ message, newDay: index === 0 || !isDay(messages[index - 1]!.created_at, message.created_at) }))
}
/** Messages of the business that the customer has got but not read. */
export const unreadOf = (messages: PhoneMessage[]): PhoneMessage[] =>
  messages.filter((message) => message.direction === 'outbound' && ['sent', 'delivered', 'accepted'].includes(message.status))

/** A phone number as the provider knows it: digits, at least the country code and a few more. */
export const digitsOf = (phone: string): string => phone.replace(/\D/g, '')
export const isPhone = (phone: string): boolean => /^\+?[\d\s().-]+$/.test(phone.trim()) && digitsOf(phone).length >= 7 && digitsOf(phone).length <= 15

export const NO_FAULTS: Faults = { delay_ms: 0, refuse_next: 0, drop_answer_next: 0, down: false, duplicate_webhooks: false, reorder_webhooks: false }
export const hasFaults = (faults: Faults): boolean =>
  faults.delay_ms > 0 || faults.refuse_next > 0 || faults.drop_answer_next > 0 || faults.down || faults.duplicate_webhooks || faults.reorder_webhooks
