import { beforeEach, describe, expect, it, vi } from 'vitest'
import { runBulk, type Run } from '@/features/templates/bulk'
import { compare } from '@/features/templates/compare'
import { type Definition, isPhone, type Part, withFormat, withSpecial } from '@/features/templates/model'
import { FileError, importAll, parseFile } from '@/features/templates/transfer'
import type { Template } from '@/lib/api'

const text = (pieces: { text: string; changed: boolean }[]): string => pieces.map((each) => (each.changed ? `[${each.text}]` : each.text)).join('')
const json = (body: unknown, status = 200): Response => new Response(JSON.stringify(body), { status, headers: { 'content-type': status < 400 ? 'application/json' : 'application/problem+json' } })

describe('two versions of a text', () => {
  it.each([
    ['your order is ready', 'your order of today is ready', 'your order is ready', 'your order [of today ]is ready'],
    ['a b c', 'a x c', 'a [b] c', 'a [x] c'],
    ['same', 'same', 'same', 'same'],
    ['', 'new', '', 'new'],
    ['old', '', 'old', ''],
    ['مرحبا أمينة', 'مرحبا يا أمينة', 'مرحبا أمينة', 'مرحبا [يا ]أمينة'],
  ])('%s → %s', (before, after, left, right) => {
    const found = compare(before, after)
    expect([text(found.before), text(found.after)]).toEqual([left, right])
  })
  it('gives back both texts whole, however long', () => {
    const [before, after] = [Array.from({ length: 900 }, (_, n) => `w${n}`).join(' '), 'short']
    const found = compare(before, after)
    expect([found.before.map((each) => each.text).join(''), found.after.map((each) => each.text).join('')]).toEqual([before, after])
  })
})

describe('a file of templates', () => {
  const fault = (file: string): string => {
    try {
      parseFile(file)
    } catch (error) {
      if (error instanceof FileError) return error.fault
    }
    return 'none'
  }
  it.each([
    ['', 'noJson'], ['hello', 'noJson'], ['null', 'noJson'], ['3', 'noJson'], ['{"foo":[]}', 'noJson'], ['[1]', 'noJson'], ['[[]]', 'noJson'], ['{"templates":{}}', 'noJson'],
    ['[]', 'empty'], ['{"templates":[]}', 'empty'], ['{"format":"frontdesk-templates","version":2,"templates":[{}]}', 'newer'],
    ['{"format":"frontdesk-templates","version":1,"templates":[{}]}', 'none'], ['\uFEFF[{"name":"a"}]', 'none'],
  ])('%s: %s', (file, expected) => expect(fault(file)).toBe(expected))

  const asked: { dry_run: boolean; templates: { name: string }[] }[] = []
  beforeEach(() => {
    asked.length = 0
    vi.stubGlobal('fetch', async (request: Request) => {
      const body = (await request.json()) as (typeof asked)[number]
      asked.push(body)
      const bad = body.templates.findIndex((each) => each.name.startsWith('bad'))
      if (bad >= 0) return json({ title: 'x', status: 422, code: 'invalid_field', detail: `${body.templates[bad]!.name} is wrong`, field: `templates.${bad}.name` }, 422)
      return json({ dry_run: body.dry_run, items: body.templates.map((each) => ({ name: each.name, language: 'en', outcome: each.name === 'old' ? 'exists' : 'added', id: null, problems: [] })) })
    })
  })
  it('goes in pieces, and what cannot be read does not hold up the rest', async () => {
    const names = [...Array.from({ length: 60 }, (_, n) => `t${n}`), 'bad_one', 'old', 'bad_two']
    const tried = await importAll('ch_1', names.map((name) => ({ name, language: 'en' })), true)
    expect(tried.map((each) => each.outcome)).toEqual([...Array.from({ length: 60 }, () => 'added'), 'broken', 'exists', 'broken'])
    expect(tried[60]!.detail).toBe('bad_one is wrong')
    expect(Math.max(...asked.map((each) => each.templates.length))).toBeLessThanOrEqual(50)
    expect(asked.every((each) => each.dry_run)).toBe(true)
  })
  it('gives up on a file that is nothing but wrong', async () => {
    const list = Array.from({ length: 40 }, (_, n) => ({ name: `bad_${n}` }))
    await expect(importAll('ch_1', list, true)).rejects.toThrow('is wrong')
    expect(asked.length).toBeLessThan(30)
  })
})

describe('many at once', () => {
  const template = (id: string): Template => ({ id, name: id, language: 'en' }) as Template
  it('tells progress, keeps failures with their template, and stops where the server cannot be reached', async () => {
    let calls = 0
    vi.stubGlobal('fetch', async (request: Request) => {
      calls += 1
      if (calls === 3) throw new TypeError('gone')
      const { ids } = (await request.json()) as { ids: string[] }
      return json({ items: ids.map((id) => ({ id, ok: id !== 'n3', code: null, detail: id === 'n3' ? 'not this one' : null })) })
    })
    const told: Run[] = []
    const all = Array.from({ length: 25 }, (_, n) => template(`n${n}`))
    await expect(runBulk('submit', all, null, (run) => told.push(run))).rejects.toThrow()
    expect(told.map((run) => run.done)).toEqual([0, 10, 20, 20])
    expect(told.at(-1)).toMatchObject({ over: true, total: 25, failed: [{ template: { id: 'n3' }, detail: 'not this one' }] })
  })
})

describe('the sorts of a template', () => {
  const parts: Part[] = [
    { type: 'HEADER', format: 'TEXT', text: 'For {{1}}', example: { header_text: ['Amina'] } },
    { type: 'BODY', text: 'Hi {{1}}, {{2}} is ready, {{1}}.', example: { body_text: [['Amina', '1042']] } },
    { type: 'FOOTER', text: 'Bye' },
    { type: 'BUTTONS', buttons: [{ type: 'QUICK_REPLY', text: 'Yes' }] },
  ]
  const definition: Definition = { category: 'marketing', parameter_format: 'positional', message_send_ttl_seconds: null, components: parts }
  it('are turned into one another without losing a sample', () => {
    const named = withFormat(definition, 'named')
    expect(named.components[1]).toEqual({
      type: 'BODY', text: 'Hi {{value_1}}, {{value_2}} is ready, {{value_1}}.',
      example: { body_text_named_params: [{ param_name: 'value_1', example: 'Amina' }, { param_name: 'value_2', example: '1042' }] },
    })
    expect(withFormat(named, 'positional')).toEqual(definition)
  })
  it('leave out what may not stand beside a carousel or an offer', () => {
    const kinds = (found: Part[]): unknown[] => found.map((each) => each.type)
    expect(kinds(withSpecial(parts, 'carousel', { type: 'CAROUSEL', cards: [] }))).toEqual(['BODY', 'CAROUSEL'])
    expect(kinds(withSpecial(parts, 'limited_time_offer', { type: 'LIMITED_TIME_OFFER' }))).toEqual(['LIMITED_TIME_OFFER', 'BODY', 'BUTTONS'])
    expect(kinds(withSpecial([...parts, { type: 'CAROUSEL', cards: [] }], 'carousel', null))).toEqual(['HEADER', 'BODY', 'FOOTER', 'BUTTONS'])
  })
  it.each([['+254 700 555-010', true], ['0700555010', false], ['+254', false], ['+2547005550101234567', false], ['+254 seven', false], ['', false]])('%s is a number: %s', (value, expected) => {
    expect(isPhone(value)).toBe(expected)
  })
})
