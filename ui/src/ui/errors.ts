/** An error in plain words: the server's own where it gave some, else what its kind means for the person. */
import { t } from '@/app/i18n'
import { problemText, said } from '@/app/said'
import { ApiError, NetworkError } from '@/lib/api'

export function errorText(error: unknown): string {
  if (error instanceof NetworkError) return t('common.error.network')
  if (error instanceof ApiError) {
    if (error.phrase) return said(error.message, error.phrase)
    if (error.status === 403) return t('common.error.forbidden')
    if (error.status >= 500 && error.code.startsWith('http_')) return t('common.error.server')
    return problemText(error.code, error.message)
  }
  return t('common.error.unexpected')
}
