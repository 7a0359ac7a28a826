/** Providers that are connected by a form: what each must be told, and how its channel is made. */
import { t } from '@/app/i18n'
import type { Rules } from '@/lib/form'

export interface ProviderField {
  name: string
  /** Where the API has it. */
  group: 'settings' | 'secrets'
  required: boolean
  kind: 'text' | 'phone' | 'secret' | 'url'
  rule?: (value: string) => string | null
  advanced?: boolean
}
export interface ProviderSpec {
  key: string
  provider: string
  fields: ProviderField[]
  /** What the API is told beside what was entered. */
  prepare?: (settings: Record<string, string>) => Record<string, string>
}

const matches = (pattern: RegExp, key: string) => (value: string) => (pattern.test(value.trim()) ? null : t(`channels.rules.${key}`))
const sid = (start: string): ((value: string) => string | null) => matches(new RegExp(`^${start}[0-9a-fA-F]{32}$`), 'sid')
const phone = matches(/^\+?[\d\s()-]{6,24}$/, 'phone')
const url = (value: string): string | null => (/^https?:\/\/[^\s]+$/.test(value.trim()) ? null : t('forms.url'))

const TWILIO: ProviderField[] = [
  { name: 'account_sid', group: 'settings', required: true, kind: 'text', rule: sid('AC') },
  { name: 'auth_token', group: 'secrets', required: true, kind: 'secret' },
  { name: 'from', group: 'settings', required: false, kind: 'phone', rule: matches(/^(\+?[\d\s()-]{3,24}|[A-Za-z0-9 &+_-]{1,11})$/, 'phone') },
  { name: 'messaging_service_sid', group: 'settings', required: false, kind: 'text', rule: sid('MG') },
  { name: 'api_key_sid', group: 'settings', required: false, kind: 'text', rule: sid('SK'), advanced: true },
  { name: 'api_key_secret', group: 'secrets', required: false, kind: 'secret', advanced: true },
  { name: 'rate_per_s', group: 'settings', required: false, kind: 'text', rule: matches(/^\d{1,3}$/, 'rate'), advanced: true },
  { name: 'api_base', group: 'settings', required: false, kind: 'url', rule: url, advanced: true },
]
/** A number as Twilio writes it: no blanks, its country in front. Short codes and names stay as they are. */
const sender = (value: string): string => (/^\+/.test(value) ? `+${value.replace(/\D/g, '')}` : value)

export const PROVIDERS: ProviderSpec[] = [
  {
    key: 'twilio_sms', provider: 'twilio', fields: TWILIO,
    prepare: ({ from, ...rest }) => ({ ...rest, ...(from ? { from: sender(from) } : {}), medium: 'sms' }),
  },
  {
    key: 'twilio_whatsapp', provider: 'twilio', fields: TWILIO,
    prepare: ({ from, ...rest }) => ({ ...rest, ...(from ? { from: `whatsapp:${sender(from)}` } : {}), medium: 'whatsapp' }),
  },
  {
    key: 'dialog360', provider: 'dialog360',
    fields: [
      { name: 'display_phone_number', group: 'settings', required: true, kind: 'phone', rule: phone },
      { name: 'api_key', group: 'secrets', required: true, kind: 'secret' },
      { name: 'api_base', group: 'settings', required: false, kind: 'url', rule: url, advanced: true },
    ],
  },
]

export type Values = Record<string, string>
export const emptyValues = (spec: ProviderSpec): Values => ({ name: '', ...Object.fromEntries(spec.fields.map((field) => [field.name, ''])) })

const senderMissing = (values: Values): boolean => 'from' in values && !values.from?.trim() && !values.messaging_service_sid?.trim()
export const rulesOf = (spec: ProviderSpec): Rules<Values> => ({
  name: (value) => (value.trim() ? null : t('forms.required')),
  ...Object.fromEntries(
    spec.fields.map((field) => [
      field.name,
      (value: string, all: Values): string | null => {
        if (value.trim() === '') {
          if (field.name === 'from' && senderMissing(all)) return t('channels.rules.sender')
          return field.required ? t('forms.required') : null
        }
        if (field.kind === 'secret' && /\s/.test(value.trim())) return t('channels.rules.spaces')
        return field.rule?.(value) ?? null
      },
    ]),
  ),
})

/** The body that makes the channel. */
export function bodyOf(spec: ProviderSpec, values: Values) {
  const group = (which: ProviderField['group']): Record<string, string> =>
    Object.fromEntries(
      spec.fields.filter((field) => field.group === which).map((field) => [field.name, (values[field.name] ?? '').trim()]).filter(([, value]) => value !== ''),
    )
  const settings = group('settings')
  return { provider: spec.provider, name: (values.name ?? '').trim(), settings: spec.prepare?.(settings) ?? settings, secrets: group('secrets') }
}

/** What a channel is called: Twilio is two things. */
export function providerKey(provider: string | null, settings: Record<string, string> = {}): string {
  if (provider !== 'twilio') return provider ?? 'unknown'
  return settings.from?.startsWith('whatsapp:') || settings.medium === 'whatsapp' ? 'twilio_whatsapp' : 'twilio_sms'
}
