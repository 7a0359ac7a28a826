/** What a channel is and needs, apart from how it is shown. */
import { t } from '@/app/i18n'
import { said } from '@/app/said'
import type { Channel } from '@/lib/api'
import type { Rules } from '@/lib/form'

import { providerKey } from './providers'

export type ChannelState = 'active' | 'paused' | 'blocked' | 'failing'
export interface WhatsAppFields {
  [key: string]: string
  name: string
  phone_number_id: string
  waba_id: string
  display_phone_number: string
  access_token: string
  app_secret: string
  verify_token: string
  business_id: string
  api_base: string
}
export const SETTINGS = ['phone_number_id', 'waba_id', 'display_phone_number', 'business_id', 'api_base'] as const
export const SECRETS = ['access_token', 'app_secret', 'verify_token'] as const

/** The state to show: an open breaker means that nothing goes out although the channel is on. */
export function stateOf(channel: Pick<Channel, 'status' | 'breaker'>): ChannelState {
  if (channel.status !== 'active') return channel.status
  return channel.breaker && channel.breaker.state !== 'closed' ? 'failing' : 'active'
}
export const TONES = { active: 'success', paused: 'warning', blocked: 'danger', failing: 'danger' } as const
/** Channels with a business profile, read receipts and typing to show: those that speak the Cloud API, also through 360dialog. */
export const hasProfile = (channel: Channel): boolean => isWhatsApp(channel) || channel.provider === 'dialog360'
export const isWhatsApp = (channel: Channel): boolean => ['whatsapp_cloud', 'sandbox'].includes(channel.provider ?? '')
/** Whether a business may write first there: on Instagram the customer begins. */
export const canBegin = (channel: Channel): boolean => !(channel.provider ?? '').endsWith('instagram')
export const isProblem = (channel: Channel): boolean => ['blocked', 'failing'].includes(stateOf(channel))
export const reasonOf = (channel: Channel): string | null => said(channel.status_reason ?? channel.breaker?.reason, channel.status_reason_phrase ?? channel.breaker?.reason_phrase) || null

export const isSandbox = (channel: Pick<Channel, 'provider'>): boolean => (channel.provider ?? '').startsWith('sandbox')
export function providerName(channel: Pick<Channel, 'provider' | 'settings'>): string {
  const key = providerKey(channel.provider, channel.settings)
  const name = t(`channels.providers.${key}`)
  return name.startsWith('channels.') ? key : name
}

/** A token that nobody guesses, for Meta to prove with that the webhook is ours. */
export function newVerifyToken(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(18))
  return btoa(String.fromCharCode(...bytes)).replaceAll('+', '-').replaceAll('/', '_')
}

/** Meta's ids are digits; what stands in for Meta may use letters. */
export const isId = (value: string): boolean => /^(?=.*[A-Za-z0-9])[\w.:-]{1,64}$/.test(value.trim())
const id = (value: string): string | null => (isId(value) ? null : t('channels.rules.id'))
const secret = (value: string): string | null => {
  if (value.trim() === '') return t('forms.required')
  return /\s/.test(value.trim()) ? t('channels.rules.spaces') : null
}
export const whatsAppRules = (): Rules<WhatsAppFields> => ({
  name: (value) => (value.trim() ? null : t('forms.required')),
  phone_number_id: id,
  waba_id: id,
  business_id: (value) => (value.trim() === '' ? null : id(value)),
  display_phone_number: (value) => (/^\+?[\d\s()-]{6,24}$/.test(value.trim()) ? null : t('channels.rules.phone')),
  access_token: secret,
  app_secret: secret,
  verify_token: (value) => secret(value) ?? (value.trim().length >= 8 ? null : t('channels.rules.verify')),
  api_base: (value) => (value.trim() === '' || /^https?:\/\/[^\s]+$/.test(value.trim()) ? null : t('forms.url')),
})

const filled = (values: WhatsAppFields, names: readonly string[]): Record<string, string> =>
  Object.fromEntries(names.map((name) => [name, (values[name] ?? '').trim()]).filter(([, value]) => value !== ''))

export const newWhatsApp = (values: WhatsAppFields) => ({
  provider: 'whatsapp_cloud',
  name: values.name.trim(),
  settings: filled(values, SETTINGS),
  secrets: filled(values, SECRETS),
})

/** Meta calls only public addresses with TLS; a home address cannot work and is worth saying so beforehand. */
export function webhookReachable(url: string | null): boolean {
  if (!url) return false
  try {
    const { protocol, hostname } = new URL(url)
    if (protocol !== 'https:') return false
    return !/^(localhost|127\.|10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|\[)/.test(hostname) && hostname.includes('.')
  } catch {
    return false
  }
}
