/** What an Instagram channel needs, and the login that finds most of it. */
import { t } from '@/app/i18n'
import { api, ok } from '@/lib/api'
import type { Rules } from '@/lib/form'
import { isId } from './model'

export interface InstagramFields {
  [key: string]: string
  name: string
  login: string
  ig_id: string
  page_id: string
  access_token: string
  app_secret: string
  verify_token: string
  api_base: string
}
export interface LoginFields {
  [key: string]: string
  name: string
  login: string
  app_id: string
  app_secret: string
  api_base: string
}
const SETTINGS = ['login', 'ig_id', 'page_id', 'api_base'] as const
const SECRETS = ['access_token', 'app_secret', 'verify_token'] as const

const id = (value: string): string | null => (isId(value) ? null : t('channels.rules.id'))
const secret = (value: string): string | null => {
  if (value.trim() === '') return t('forms.required')
  return /\s/.test(value.trim()) ? t('channels.rules.spaces') : null
}
const url = (value: string): string | null => (value.trim() === '' || /^https?:\/\/[^\s]+$/.test(value.trim()) ? null : t('forms.url'))
const name = (value: string): string | null => (value.trim() ? null : t('forms.required'))

export const instagramRules = (): Rules<InstagramFields> => ({
  name,
  ig_id: id,
  page_id: (value, all) => (all.login === 'facebook' || value.trim() !== '' ? id(value) : null),
  access_token: secret,
  app_secret: secret,
  verify_token: (value) => secret(value) ?? (value.trim().length >= 8 ? null : t('channels.rules.verify')),
  api_base: url,
})
export const loginRules = (): Rules<LoginFields> => ({ app_id: id, app_secret: secret, api_base: url })

const filled = (values: Record<string, string>, names: readonly string[]): Record<string, string> =>
  Object.fromEntries(names.map((each) => [each, (values[each] ?? '').trim()]).filter(([, value]) => value !== ''))

export const newInstagram = (values: InstagramFields, humanAgent: boolean) => ({
  provider: 'instagram',
  name: values.name.trim(),
  settings: { ...filled(values, SETTINGS), human_agent: humanAgent ? 'yes' : 'no' },
  secrets: filled(values, SECRETS),
})

/** Asks for the provider's page; the browser goes there and comes back to `settings/channels/connect`. */
export async function beginLogin(values: LoginFields, humanAgent: boolean): Promise<string> {
  const settings = { ...filled(values, ['login', 'api_base']), human_agent: humanAgent ? 'yes' : 'no' }
  const body = { provider: 'instagram', name: values.name.trim() || null, app_id: values.app_id.trim(), app_secret: values.app_secret.trim(), settings }
  return (await ok(api.POST('/channels/oauth/start', { body }))).url
}
/** The same for a channel that has its app already. */
export async function reconnect(channel: { id: string; provider: string | null }): Promise<string> {
  const body = { provider: channel.provider ?? 'instagram', channel_id: channel.id }
  return (await ok(api.POST('/channels/oauth/start', { body }))).url
}
