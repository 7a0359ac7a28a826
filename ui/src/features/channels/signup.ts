/** Embedded sign-up: logging in at Meta to connect a WhatsApp number, and what can go wrong on the way. */
import { t, te } from '@/app/i18n'
import { api, ApiError, ok } from '@/lib/api'
import type { Rules } from '@/lib/form'
import { errorText } from '@/ui'

export interface SignupFields {
  [key: string]: string
  name: string
  app_id: string
  app_secret: string
  config_id: string
  api_base: string
}
const digits = (value: string): string | null => (/^\d{5,20}$/.test(value.trim()) ? null : t('channels.rules.digits'))
export const signupRules = (): Rules<SignupFields> => ({
  app_id: digits,
  app_secret: (value) => (value.trim() === '' ? t('forms.required') : /\s/.test(value.trim()) ? t('channels.rules.spaces') : null),
  config_id: (value) => (value.trim() === '' ? null : digits(value)),
  api_base: (value) => (value.trim() === '' || /^https?:\/\/[^\s]+$/.test(value.trim()) ? null : t('forms.url')),
})

/** Countries in which Meta can keep a number's messages (its pages on local storage). */
export const REGIONS = ['AE', 'AU', 'BH', 'BR', 'CA', 'CH', 'DE', 'GB', 'ID', 'IN', 'JP', 'KR', 'SG', 'ZA']

/** Asks for the provider's page; the browser goes there and comes back to `settings/channels/connect`. */
export async function beginSignup(values: SignupFields, own = false, region = ''): Promise<string> {
  const named = Object.entries({ config_id: values.config_id.trim(), api_base: values.api_base.trim(), own_callback: own ? 'on' : '', data_region: region }).filter(([, value]) => value !== '')
  const body = { provider: 'whatsapp_cloud', name: values.name.trim() || null, app_id: values.app_id.trim(), app_secret: values.app_secret.trim(), settings: Object.fromEntries(named) }
  return (await ok(api.POST('/channels/oauth/start', { body }))).url
}
/** The same at the built-in simulator, whose app the server knows. */
export async function trySignup(): Promise<string> {
  return (await ok(api.POST('/channels/oauth/start', { body: { provider: 'sandbox', settings: {} } }))).url
}

/** A failed login in the reader's language, and the provider's own words where it gave some. */
export function loginProblem(error: unknown): { text: string; said: string | null } {
  const key = error instanceof ApiError ? `signup.problems.${error.code}` : ''
  if (!te(key)) return { text: errorText(error), said: null }
  return { text: t(key), said: /\((.+)\)$/.exec((error as ApiError).message)?.[1] ?? null }
}
/** A login may go on after these: something was typed wrongly. */
export const isPinProblem = (error: unknown): boolean => error instanceof ApiError && error.field === 'pin'
/** Nothing but beginning again helps after these. */
export const mustBeginAgain = (error: unknown): boolean => error instanceof ApiError && (error.field === 'state' || error.field === 'error')
