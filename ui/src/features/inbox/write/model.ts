/** Writing first: what each channel allows to somebody who has not written, and by which address a person is reached there. */
import type { Channel, Contact, Identity } from '@/lib/api'
import { channelLook } from '../looks'

/** `text`: words of one's own at any time; `template`: approved templates; `never`: the customer has to begin. */
export type Way = 'text' | 'template' | 'never'
export function wayOf(channel: Pick<Channel, 'capabilities'>): Way {
  const { has_window, manages_templates } = channel.capabilities
  if (!has_window) return 'text'
  return manages_templates ? 'template' : 'never'
}

type Person = Pick<Contact, 'name'> & { id: string; identities: Pick<Identity, 'kind' | 'value'>[] }
export interface Writee {
  name: string
  /** A contact; none for a number that somebody typed. */
  contact: Person | null
  typed: string
}
export const writeeOf = (contact: Person): Writee => ({ name: contact.name, contact, typed: '' })
/** Whether what was typed is meant as a number. */
export const looksLikeNumber = (text: string): boolean => /^[+\d][\d\s().\-/]{4,}$/.test(text.trim()) && text.replace(/\D/g, '').length >= 5
/** What the list of contacts is asked for: their numbers are kept as digits alone. */
export const askFor = (text: string): string => (looksLikeNumber(text) ? text.replace(/\D/g, '').replace(/^0+/, '') : text.trim())

/** The person's address on a channel, as the server takes it; null if they have none there. */
export function addressOf(writee: Writee, channel: Pick<Channel, 'provider' | 'capabilities'>): string | null {
  const kind = channelLook(channel).key
  if (!writee.contact) return kind === 'instagram' ? null : writee.typed.trim() || null
  const value = (wanted: Identity['kind']): string | undefined => writee.contact!.identities.find((each) => each.kind === wanted)?.value
  if (kind === 'instagram') return value('instagram_id') ?? null
  const whatsapp = value('whatsapp_id')
  const phone = value('phone')
  const number = phone ?? (whatsapp && `+${whatsapp.replace(/^\+/, '')}`)
  if (kind === 'sms') return number ?? null
  return (whatsapp && `+${whatsapp.replace(/^\+/, '')}`) ?? number ?? value('whatsapp_user_id') ?? null
}

/** The channel that is offered first: one that sends, allows to write first, and on which the person can be reached. */
export function firstChannel(channels: readonly Channel[], writee: Writee | null, except?: string): Channel | undefined {
  const good = (channel: Channel): number =>
    (channel.id === except ? 0 : 8) + (channel.status === 'active' ? 4 : 0) + (!writee || addressOf(writee, channel) !== null ? 2 : 0) + (wayOf(channel) === 'never' ? -4 : 1)
  return [...channels].sort((a, b) => good(b) - good(a))[0]
}
