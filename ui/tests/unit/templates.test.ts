import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { blankFill, messageOf, needsOf, troublesOf } from '@/features/templates/fill'
import { asName, fromContact, newButton, nextVariable, type Part, partOf, sampleOf, starter, variablesOf, withPaired, withPart, withSample, withSpecial } from '@/features/templates/model'
import type { Template } from '@/lib/api'

const template = (components: Part[], variables: string[]): Template =>
  ({ name: 'order_ready', language: 'en', definition: { components }, live: null, variables }) as unknown as Template

describe('variables and samples', () => {
  it('finds each variable once, in order', () => {
    expect(variablesOf('Hi {{1}}, {{ 2 }} and {{1}} {{open')).toEqual(['1', '2'])
  })
  it('keeps samples with their variables and drops those without', () => {
    let body: Part = { type: 'BODY', text: 'Hi {{1}}, order {{2}}.' }
    body = withSample(body, 'body_text', 'positional', '2', '1042')
    body = withSample(body, 'body_text', 'positional', '1', 'Amina')
    expect(body.example).toEqual({ body_text: [['Amina', '1042']] })
    body = withSample({ ...body, text: 'Hi {{1}}.' }, 'body_text', 'positional', '', '')
    expect(body.example).toEqual({ body_text: [['Amina']] })
    expect(withSample({ ...body, text: 'Hi.' }, 'body_text', 'positional', '', '')).not.toHaveProperty('example')
  })
  it('reads and writes named samples, and those of headers', () => {
    const named = withSample({ type: 'BODY', text: 'Hi {{name}}.' }, 'body_text', 'named', 'name', 'Ana')
    expect(sampleOf(named, 'body_text', 'name')).toBe('Ana')
    expect(withSample({ type: 'HEADER', text: 'Order {{1}}' }, 'header_text', 'positional', '1', '7').example).toEqual({ header_text: ['7'] })
  })
  it('names the next variable', () => {
    expect(nextVariable('{{1}} {{3}}', 'positional')).toBe('4')
    expect(nextVariable('{{value_1}} {{name}}', 'named')).toBe('value_3')
  })
})

describe('parts', () => {
  it('stand in their usual order, each once', () => {
    const parts = withPart(withPart([{ type: 'BODY', text: 'a' }], 'buttons', { type: 'BUTTONS' }), 'header', { type: 'HEADER' })
    expect(parts.map((part) => part.type)).toEqual(['HEADER', 'BODY', 'BUTTONS'])
    expect(partOf(withPart(parts, 'Header', null), 'header')).toBeUndefined()
  })
  it('begin with what the category needs', () => {
    expect(starter('authentication').map((part) => part.type)).toEqual(['BODY', 'FOOTER', 'BUTTONS'])
    expect(starter('utility', 'kept')).toEqual([{ type: 'BODY', text: 'kept' }])
  })
  it('keep the header of a product and its button together', () => {
    const body: Part[] = [{ type: 'BODY', text: 'a' }]
    const shown = withPaired(body, 'header', { type: 'HEADER', format: 'PRODUCT' })
    expect(shown.map((part) => part.type)).toEqual(['HEADER', 'BODY', 'BUTTONS'])
    expect(partOf(shown, 'buttons')?.buttons).toEqual([newButton('SPM')])
    expect(withPaired(shown, 'header', { type: 'HEADER', format: 'TEXT', text: 'x' }).map((part) => part.type)).toEqual(['HEADER', 'BODY'])
    expect(withPaired(shown, 'buttons', null)).toEqual(body)
    expect(partOf(withPaired(body, 'buttons', { type: 'BUTTONS', buttons: [newButton('SPM')] }), 'header')).toEqual({ type: 'HEADER', format: 'PRODUCT' })
    const replies: Part = { type: 'BUTTONS', buttons: [newButton('QUICK_REPLY')] }
    expect(withPaired([{ type: 'HEADER', format: 'TEXT' }, ...body], 'buttons', replies).map((part) => part.type)).toEqual(['HEADER', 'BODY', 'BUTTONS'])
    expect(withSpecial(shown, 'limited_time_offer', { type: 'LIMITED_TIME_OFFER' }).map((part) => part.type)).toEqual(['LIMITED_TIME_OFFER', 'BODY'])
  })
  it('have names as providers take them', () => {
    expect(asName('  Órden lista, ¡hoy!')).toBe('orden_lista_hoy_')
  })
})

describe('messages', () => {
  it('give values in order or by name, and only what the template asks for', () => {
    const parts: Part[] = [
      { type: 'HEADER', format: 'IMAGE' },
      { type: 'BODY', text: 'Hi {{1}} and {{2}}.' },
      { type: 'BUTTONS', buttons: [{ type: 'QUICK_REPLY', text: 'Yes' }, { type: 'URL', text: 'Open', url: 'https://a.example/{{1}}' }, { type: 'COPY_CODE', example: 'X' }] },
    ]
    const filled = template(parts, ['1', '2'])
    const needed = needsOf(filled)
    expect([needed.main.header, needed.main.body, needed.main.buttons.map((each) => each.kind)]).toEqual(['image', ['1', '2'], ['url', 'copy_code']])
    const fill = blankFill(needed, { name: 'Ana Souza' })
    expect(fill.main.values['1']).toBe('Ana')
    expect(troublesOf(needed, fill).map((each) => `${each.field}:${each.fault}`)).toEqual(['main.file:missing', 'main.values.2:missing', 'main.buttons.1:missing', 'main.buttons.2:missing'])
    Object.assign(fill.main, { file: { link: 'https://a.example/x.png' }, values: { 1: 'Ana', 2: 'Bo' }, buttons: { 1: '7', 2: 'SAVE' } })
    expect(troublesOf(needed, fill)).toEqual([])
    expect(messageOf(filled, fill)).toEqual({
      name: 'order_ready', language: 'en', variables: ['Ana', 'Bo'], header: { type: 'image', image: { link: 'https://a.example/x.png' } },
      buttons: [{ index: 1, text: '7' }, { index: 2, coupon_code: 'SAVE' }],
    })
    Object.assign(fill.main, { file: { link: 'ftp://a' }, values: { 1: 'A     b', 2: 'x' }, buttons: { 1: '7', 2: 'NO GOOD' } })
    expect(troublesOf(needed, fill).map((each) => each.fault)).toEqual(['web', 'blanks', 'code'])
    const named = template([{ type: 'BODY', text: 'Hi {{name}}.' }], ['name'])
    expect(messageOf(named, blankFill(needsOf(named), { name: 'Ana' })).variables).toEqual({ name: 'Ana' })
    const code = template([{ type: 'BODY' }, { type: 'BUTTONS', buttons: [{ type: 'OTP', otp_type: 'COPY_CODE' }] }], ['1'])
    const coded = blankFill(needsOf(code), { name: 'Ana' })
    expect(coded.main.values['1']).toBe('')
    coded.main.values['1'] = '123'
    expect(messageOf(code, coded)).toMatchObject({ variables: ['123'], buttons: [{ index: 0, text: '123' }] })
  })
  it('fill in every card, and say until when an offer holds', () => {
    const card = (sample: string): Part => ({ components: [
      { type: 'HEADER', format: 'IMAGE', example: { media_id: sample } }, { type: 'BODY', text: 'For {{1}} today' }, { type: 'BUTTONS', buttons: [{ type: 'QUICK_REPLY', text: 'More' }, { type: 'URL', text: 'See', url: 'https://a.example/{{1}}' }] },
    ] })
    const carousel = template([{ type: 'BODY', text: 'Two.' }, { type: 'CAROUSEL', cards: [card('md_1'), card('')] }, { type: 'LIMITED_TIME_OFFER', limited_time_offer: { text: 'Half', has_expiration: true } }], [])
    const needed = needsOf(carousel)
    const fill = blankFill(needed)
    expect(troublesOf(needed, fill).map((each) => each.field)).toEqual(['offer', 'cards.0.values.1', 'cards.0.buttons.1', 'cards.1.file', 'cards.1.values.1', 'cards.1.buttons.1'])
    fill.offerEnds = '2020-01-01T00:00'
    expect(troublesOf(needed, fill)[0]).toEqual({ field: 'offer', fault: 'past' })
    fill.offerEnds = '2090-01-01T00:00'
    fill.cards.forEach((each, index) => Object.assign(each, { file: { media_id: `md_${index}` }, values: { 1: 'Ana' }, buttons: { 1: 'x' } }))
    expect(troublesOf(needed, fill)).toEqual([])
    const { components } = messageOf(carousel, fill) as { components: Part[] }
    expect(components.map((each) => each.type)).toEqual(['limited_time_offer', 'carousel'])
    const cards = components[1]!.cards as Part[]
    expect(cards[1]).toEqual({ card_index: 1, components: [
      { type: 'header', parameters: [{ type: 'image', image: { media_id: 'md_1' } }] }, { type: 'body', parameters: [{ type: 'text', text: 'Ana' }] },
      { type: 'button', sub_type: 'url', index: 1, parameters: [{ type: 'text', text: 'x' }] },
      { type: 'button', sub_type: 'quick_reply', index: 0, parameters: [{ type: 'payload', payload: 'card-2: More' }] },
    ] })
  })
  it('say which products a button shows', () => {
    const cart = template([{ type: 'BODY', text: 'Still interested?' }, { type: 'BUTTONS', buttons: [{ type: 'MPM', text: 'View items' }] }], [])
    const needed = needsOf(cart)
    const fill = blankFill(needed)
    expect(troublesOf(needed, fill)).toEqual([{ field: 'main.shelves.0.0.ids', fault: 'missing' }])
    fill.main.shelves[0] = { thumbnail: '', sections: [{ title: ' Cart ', ids: 'L\nS, M' }] }
    expect(troublesOf(needed, fill)).toEqual([])
    const product_items = ['L', 'S', 'M'].map((product_retailer_id) => ({ product_retailer_id }))
    expect(messageOf(cart, fill).buttons).toEqual([{ index: 0, sub_type: 'mpm', action: { thumbnail_product_retailer_id: 'L', sections: [{ title: 'Cart', product_items }] } }])
    fill.main.shelves[0]!.sections.push({ title: '', ids: Array.from({ length: 28 }, (_, n) => `p${n}`).join(' ') })
    expect(troublesOf(needed, fill).map((each) => `${each.field}:${each.fault}`)).toEqual(['main.shelves.0.1.title:missing', 'main.shelves.0.1.ids:many'])

    const whole = template([{ type: 'BODY', text: 'See all.' }, { type: 'BUTTONS', buttons: [{ type: 'CATALOG', text: 'View catalog' }] }], [])
    const open = blankFill(needsOf(whole))
    expect([troublesOf(needsOf(whole), open), messageOf(whole, open)]).toEqual([[], { name: 'order_ready', language: 'en' }])
    open.main.shelves[0]!.thumbnail = 'L'
    expect(messageOf(whole, open).buttons).toEqual([{ index: 0, sub_type: 'catalog', action: { thumbnail_product_retailer_id: 'L' } }])

    const one = template([{ type: 'HEADER', format: 'PRODUCT' }, { type: 'BODY', text: 'This one.' }, { type: 'BUTTONS', buttons: [{ type: 'SPM', text: 'View' }] }], [])
    const single = blankFill(needsOf(one))
    expect(troublesOf(needsOf(one), single).map((each) => each.field)).toEqual(['main.catalog', 'main.product'])
    single.main.product = { catalog: '550', id: 'L' }
    expect(messageOf(one, single)).toMatchObject({ header: { type: 'product', product: { catalog_id: '550', product_retailer_id: 'L' } } })
  })
  it('take what is known of the contact', () => {
    const contact = { name: 'Amina Otieno', phone: '254700' }
    expect([fromContact('name', contact), fromContact('full_name', contact), fromContact('phone', contact), fromContact('amount', contact)]).toEqual(['Amina', 'Amina Otieno', '254700', ''])
  })
})

it('has words for every rule of the server, in every language', () => {
  const source = readFileSync('../src/domain/template/validate/rules.rs', 'utf8')
  const rules = [...source.matchAll(/\(\s*"([a-z_]+)",/g)].map((match) => match[1]!)
  expect(rules.length).toBeGreaterThan(40)
  for (const language of ['en', 'ar', 'sw', 'pt', 'es']) {
    const texts = JSON.parse(readFileSync(`src/locales/${language}/templates.json`, 'utf8')) as { rules: Record<string, string> }
    expect(Object.keys(texts.rules).sort()).toEqual([...rules].sort())
  }
})
