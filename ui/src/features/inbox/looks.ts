/** Icons and tones of states; the words are in the texts. Colour only repeats what icon and word say. */
import {
  Archive, ArrowDown, ArrowUp, Camera, CheckCheck, CircleCheck, CircleDot, CirclePause, Clock, FlaskConical,
  Check, CircleHelp, Flag, Flame, Hourglass, MessageCircle, MessageSquareMore, MoonStar, TriangleAlert,
} from '@lucide/vue'
import type { Component } from 'vue'
import type { Channel, ConversationStatus, MessageStatus, Priority } from '@/lib/api'

type Tone = 'brand' | 'success' | 'warning' | 'danger' | 'neutral' | 'muted'
export const STATUS: Record<ConversationStatus, { icon: Component; tone: Tone }> = {
  open: { icon: CircleDot, tone: 'brand' },
  pending: { icon: Hourglass, tone: 'warning' },
  on_hold: { icon: CirclePause, tone: 'neutral' },
  snoozed: { icon: MoonStar, tone: 'neutral' },
  resolved: { icon: CircleCheck, tone: 'success' },
  closed: { icon: Archive, tone: 'muted' },
}
export const PRIORITY: Record<Priority, { icon: Component; class: string }> = {
  urgent: { icon: Flame, class: 'text-danger' },
  high: { icon: ArrowUp, class: 'text-warning' },
  normal: { icon: Flag, class: 'text-fg-3' },
  low: { icon: ArrowDown, class: 'text-fg-3' },
}
export const PRIORITIES = Object.keys(PRIORITY) as Priority[]
export const DELIVERY: Record<MessageStatus, { icon: Component; class: string }> = {
  received: { icon: Check, class: '' },
  queued: { icon: Clock, class: 'text-fg-3' },
  accepted: { icon: Clock, class: 'text-fg-3' },
  sent: { icon: Check, class: 'text-fg-3' },
  delivered: { icon: CheckCheck, class: 'text-fg-3' },
  read: { icon: CheckCheck, class: 'text-brand' },
  failed: { icon: TriangleAlert, class: 'text-danger' },
  doubtful: { icon: CircleHelp, class: 'text-warning' },
}
/** Twilio carries SMS and WhatsApp under one name; only WhatsApp has a reply window. */
export function channelLook(channel: (Pick<Channel, 'provider'> & { capabilities?: Pick<Channel['capabilities'], 'has_window'> }) | undefined): { icon: Component; class: string; key: string } {
  const name = channel?.provider ?? ''
  const provider = name === 'twilio' && channel?.capabilities?.has_window ? 'twilio_whatsapp' : name
  if (provider.startsWith('whatsapp') || provider === 'dialog360' || provider === 'twilio_whatsapp') return { icon: MessageCircle, class: 'text-wa', key: 'whatsapp' }
  if (provider.includes('instagram')) return { icon: Camera, class: 'text-ig', key: 'instagram' }
  if (provider.includes('sms') || provider.startsWith('twilio')) return { icon: MessageSquareMore, class: 'text-sms', key: 'sms' }
  return { icon: FlaskConical, class: 'text-fg-3', key: 'sandbox' }
}
