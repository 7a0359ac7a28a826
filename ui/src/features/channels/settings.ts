/** Which of a channel's settings may be changed after it was connected, by provider. Who it is stays: that would be another channel. */
import { t } from '@/app/i18n'
import type { Channel } from '@/lib/api'

export interface EditableSetting {
  name: string
  required: boolean
  rule: (value: string) => string | null
}
export interface Switch {
  name: string
  isOn: boolean
  on: string
  off: string
  label: string
  hint: string
}

const phone = (value: string): string | null => (/^\+?[\d\s()-]{6,24}$/.test(value) ? null : t('channels.rules.phone'))
const url = (value: string): string | null => (/^https?:\/\/[^\s]+$/.test(value) ? null : t('forms.url'))
/** The server knows each provider's highest rate, and says it. */
const rate = (value: string): string | null => (/^[1-9]\d{0,3}$/.test(value) ? null : t('channels.rules.rate'))

const RATE: EditableSetting = { name: 'rate_per_s', required: false, rule: rate }
const BASE: EditableSetting = { name: 'api_base', required: false, rule: url }
const number = (required: boolean): EditableSetting => ({ name: 'display_phone_number', required, rule: phone })
const BY_PROVIDER: Record<string, EditableSetting[]> = {
  whatsapp_cloud: [number(false), RATE, BASE],
  dialog360: [number(true), RATE, BASE],
  twilio: [RATE, BASE],
  instagram: [RATE, BASE],
  sandbox: [RATE],
  sandbox_sms: [RATE],
  sandbox_instagram: [RATE],
}
export const editable = (channel: Pick<Channel, 'provider'>): EditableSetting[] => BY_PROVIDER[channel.provider ?? ''] ?? []

const yes = (channel: Channel, name: string, label: string, hint: string): Switch => ({ name, isOn: channel.settings[name] === 'yes', on: 'yes', off: 'no', label, hint })
/** Marks go out unless they are switched off. */
const mark = (channel: Channel, name: string, text: string): Switch => ({
  name, isOn: channel.settings[name] !== 'off', on: 'on', off: 'off', label: `channels.tools.${text}`, hint: `channels.tools.${text}Hint`,
})
const marks = (channel: Channel): Switch[] => [mark(channel, 'read_receipts', 'receipts'), mark(channel, 'typing_indicator', 'typing')]
/** Several systems at one app: the account's messages, or the number's alone, come here instead of to the app's address. */
export const hasOwnAddress = (channel: Pick<Channel, 'provider' | 'settings'>): boolean => channel.provider === 'whatsapp_cloud' && !!channel.settings.waba_id
export const OWN_ADDRESS = ['off', 'on', 'number'] as const
export function switches(channel: Channel): Switch[] {
  switch (channel.provider) {
    case 'whatsapp_cloud':
    case 'sandbox':
    case 'dialog360':
      return marks(channel)
    case 'instagram':
    case 'sandbox_instagram':
      return [
        yes(channel, 'human_agent', 'channels.settings.humanAgent', 'channels.settings.humanAgentHint'),
        mark(channel, 'read_receipts', 'receipts'), mark(channel, 'typing_indicator', 'typing'),
      ]
    case 'twilio':
      return channel.settings.medium === 'whatsapp' ? [] : [yes(channel, 'mms', 'channels.settings.mms', 'channels.settings.mmsHint')]
    default:
      return []
  }
}
