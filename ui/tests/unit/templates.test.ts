import { describe, expect, it } from 'vitest'
import { asName, fromContact, messageOf, needs, nextVariable, type Part, partOf, sampleOf, starter, variablesOf, withPart, withSample } from '@/features/templates/model'
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
    expect(needs(filled)).toEqual({ header: 'image', buttons: [{ index: 1, label: 'Open', kind: 'url' }, { index: 2, label: 'copy_code', kind: 'copy_code' }] })
    expect(messageOf(filled, { 1: 'Ana', 2: 'Bo' }, 'https://a.example/x.png', { 1: '7', 2: 'SAVE' })).toEqual({
      name: 'order_ready', language: 'en', variables: ['Ana', 'Bo'], header: { type: 'image', image: { link: 'https://a.example/x.png' } },
      buttons: [{ index: 1, text: '7' }, { index: 2, coupon_code: 'SAVE' }],
    })
    expect(messageOf(template([{ type: 'BODY', text: 'Hi {{name}}.' }], ['name']), { name: 'Ana' }, '', {}).variables).toEqual({ name: 'Ana' })
  })
  it('take what is known of the contact', () => {
    const contact = { name: 'Amina Otieno', phone: '254700' }
    expect([fromContact('name', contact), fromContact('full_name', contact), fromContact('phone', contact), fromContact('amount', contact)]).toEqual(['Amina', 'Amina Otieno', '254700', ''])
  })
})
