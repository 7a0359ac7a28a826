import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { LANGUAGES, setLanguage } from '@/app/i18n'
import { problemText, said, startSaid } from '@/app/said'
import { ApiError, toApiError } from '@/lib/api'
import { errorText } from '@/ui/errors'

const root = join(import.meta.dirname, '../../..')
const codes = (JSON.parse(readFileSync(join(root, 'docs/openapi.json'), 'utf8')) as { components: { schemas: { Phrase: { properties: { code: { enum: string[] } } } } } })
  .components.schemas.Phrase.properties.code.enum

beforeAll(async () => {
  await setLanguage('en')
  await startSaid()
})

describe('what the server says', () => {
  it.each(LANGUAGES)('has a text in %s for every code that the API can send', (language) => {
    const texts = (JSON.parse(readFileSync(join(root, `ui/src/locales/${language}/phrases.json`), 'utf8')) as { said: Record<string, string> }).said
    expect(codes.length).toBeGreaterThan(300)
    expect(codes.filter((code) => !texts[code])).toEqual([])
  })

  it('is told in the reader’s language, phrases within phrases too', async () => {
    const inner = { code: 'provider_stopped', values: { title: 'Session expired', code: '190', advice: { code: 'advice_transient', values: {} } } }
    await setLanguage('sw')
    expect(said('The channel is paused.', { code: 'channel_paused', values: {} })).toBe('Kituo kimesitishwa kwa muda.')
    const text = said('English', { code: 'check_channel_blocked', values: { why: inner } })
    expect(text).toContain('Kituo kimezuiwa: Session expired (190). La kufanya: ')
    expect(text).not.toContain('retry later')
  })

  it('shows times and figures as people read them, and keeps foreign words from turning a sentence around', async () => {
    await setLanguage('ar')
    const text = said('English', { code: 'limit_reached', values: { used: '250', limit: '250' } })
    expect(text).not.toContain('English')
    expect(said('x', { code: 'check_this_is', values: { number: '+1 555' } })).toContain('\u2068+1 555\u2069')
    await setLanguage('en')
    expect(said('x', { code: 'window_closed', values: { closed_at: '2026-11-20T10:00:00Z' } })).not.toContain('T10:00')
  })

  it('is shown as it came where the code is unknown or there is none', () => {
    expect(said('From elsewhere', { code: 'something_new', values: {} })).toBe('From elsewhere')
    expect(said('From elsewhere', undefined)).toBe('From elsewhere')
    expect(said(null, null)).toBe('')
  })
})

describe('a refusal', () => {
  const answer = (body: object): ApiError => toApiError(new Response(null, { status: 409 }), body)

  it('is told by its phrase, else by its code, else in the server’s words', async () => {
    await setLanguage('pt')
    expect(errorText(answer({ code: 'wrong_state', detail: 'This is the last owner. Add another owner first.', detail_phrase: { code: 'last_owner', values: {} } }))).toContain('último proprietário')
    expect(errorText(answer({ code: 'conflict', detail: 'Something particular.' }))).toBe('Outra pessoa alterou isto ao mesmo tempo. Tente de novo.')
    expect(problemText('wrong_state', 'Something particular.')).toContain('Something particular.')
    expect(problemText('unheard_of', 'Something particular.')).toBe('Something particular.')
    await setLanguage('en')
    expect(problemText('conflict', 'Something particular.')).toBe('Something particular.')
  })
})
