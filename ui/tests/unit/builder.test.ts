import { describe, expect, it } from 'vitest'
import { blank, type BuilderState, degrees, fromBody, idsIn, KINDS, kindsFor, type Limits, toBody, troubles } from '@/features/inbox/builder/model'
import { coordinatesIn } from '@/features/inbox/builder/places'

/** As WhatsApp's channels tell them. */
const limits: Limits = {
  text: 4096, caption: 1024, interactive: ['button', 'list', 'cta_url', 'location_request_message', 'product', 'product_list', 'catalog_message', 'flow', 'address_message', 'request_contact_info', 'carousel'],
  header_text: 60, header_media: ['image', 'video', 'document'], body: 1024, list_body: 4096, footer: 60, buttons: 3, button_title: 20, button_id: 256, sections: 10, section_title: 24,
  rows: 10, row_title: 24, row_description: 72, row_id: 200, products: 30, flow_cta: 20, contact_cards: 5, url: 2000, short_text: 1024,
  in_bytes: false, template_body: 0, template_buttons: 0, cards: 10, card_text: 160, pictures: 0, asks: [],
}
/** As Instagram's tell them: no header or footer, texts in bytes, buttons and cards of its own. */
const onInstagram: Limits = {
  ...limits, text: 1000, in_bytes: true, interactive: ['button', 'button_template', 'generic_template'], header_text: 0, header_media: [], footer: 0, list_body: 0, body: 1000, buttons: 13, rows: 0,
  template_body: 640, template_buttons: 3, cards: 10, card_text: 80, pictures: 10, asks: ['user_phone_number', 'user_email'],
}
const make = (kind: BuilderState['kind'], more: Partial<BuilderState>): BuilderState => ({ ...blank(kind), body: 'Hello', ...more })
const GOOD: [BuilderState, object][] = [
  [make('button', { header: 'Hi', footer: 'Bye', buttons: [{ id: '', title: 'Yes, please' }, { id: 'n', title: 'No' }] }),
    { type: 'button', header: { type: 'text', text: 'Hi' }, body: { text: 'Hello' }, footer: { text: 'Bye' }, action: { buttons: [{ type: 'reply', reply: { id: 'yes-please', title: 'Yes, please' } }, { type: 'reply', reply: { id: 'n', title: 'No' } }] } }],
  [make('list', { listButton: 'Choose', sections: [{ title: 'Bread', rows: [{ id: '', title: 'خبز', description: '' }, { id: '', title: 'Rye', description: 'Dark' }] }] }),
    { type: 'list', body: { text: 'Hello' }, action: { button: 'Choose', sections: [{ title: 'Bread', rows: [{ id: 'option-1', title: 'خبز' }, { id: 'rye', title: 'Rye', description: 'Dark' }] }] } }],
  [make('cta_url', { link: { label: 'Open', url: 'https://a.example' } }), { type: 'cta_url', body: { text: 'Hello' }, action: { name: 'cta_url', parameters: { display_text: 'Open', url: 'https://a.example' } } }],
  [make('product', { body: '', catalog: 'c', product: 'p' }), { type: 'product', action: { catalog_id: 'c', product_retailer_id: 'p' } }],
  [make('product_list', { header: 'Ours', catalog: 'c', products: [{ title: '', ids: 'a, b\nc' }] }),
    { type: 'product_list', header: { type: 'text', text: 'Ours' }, body: { text: 'Hello' }, action: { catalog_id: 'c', sections: [{ product_items: [{ product_retailer_id: 'a' }, { product_retailer_id: 'b' }, { product_retailer_id: 'c' }] }] } }],
  [make('catalog_message', {}), { type: 'catalog_message', body: { text: 'Hello' }, action: { name: 'catalog_message' } }],
  [make('flow', { flow: { id: '7', cta: 'Rate', screen: 'ONE', token: '' } }),
    { type: 'flow', body: { text: 'Hello' }, action: { name: 'flow', parameters: { flow_message_version: '3', flow_id: '7', flow_cta: 'Rate', flow_action: 'navigate', flow_action_payload: { screen: 'ONE' } } } }],
  [make('location_request_message', {}), { type: 'location_request_message', body: { text: 'Hello' }, action: { name: 'send_location' } }],
  [make('request_contact_info', {}), { type: 'request_contact_info', body: { text: 'Hello' }, action: { name: 'request_contact_info' } }],
  [make('button', { header: 'unused', headerFile: { kind: 'image', media: 'md_1' }, buttons: [{ id: 'y', title: 'Yes' }] }),
    { type: 'button', header: { type: 'image', image: { media_id: 'md_1' } }, body: { text: 'Hello' }, action: { buttons: [{ type: 'reply', reply: { id: 'y', title: 'Yes' } }] } }],
  [make('carousel', { carousel: { format: 'image', answers: true, cards: ['md_1', 'md_2'].map((media) => ({ media, body: '', link: { label: '', url: '' }, replies: [{ id: '', title: 'This one' }] })) } }),
    { type: 'carousel', body: { text: 'Hello' }, action: { cards: [['md_1', 'this-one'], ['md_2', 'this-one-2']].map(([media, id], index) => ({
      card_index: index, type: 'cta_url', header: { type: 'image', image: { media_id: media } }, action: { buttons: [{ type: 'quick_reply', quick_reply: { id, title: 'This one' } }] } })) } }],
  [make('carousel', { carousel: { format: 'video', answers: false, cards: ['md_1', 'md_2'].map((media) => ({ media, body: 'Mat', link: { label: 'Buy', url: 'https://a.example' }, replies: [] })) } }),
    { type: 'carousel', body: { text: 'Hello' }, action: { cards: ['md_1', 'md_2'].map((media, index) => ({
      card_index: index, type: 'cta_url', header: { type: 'video', video: { media_id: media } }, body: { text: 'Mat' }, action: { name: 'cta_url', parameters: { display_text: 'Buy', url: 'https://a.example' } } })) } }],
  [make('address_message', {}), { type: 'address_message', body: { text: 'Hello' }, action: { name: 'address_message', parameters: { country: 'IN' } } }],
]

describe('the builder', () => {
  it.each(GOOD)('makes what the API takes and reads it back', (state, interactive) => {
    expect(troubles(state, limits)).toEqual([])
    expect(toBody(state)).toEqual({ type: 'interactive', interactive })
    const again = fromBody(toBody(state))
    expect(again && toBody(again)).toEqual(toBody(state))
  })
  it('makes places and cards', () => {
    const place = { ...blank('location'), place: { latitude: '-1,25', longitude: '36.8', name: 'Shop', address: '' } }
    expect(troubles(place, limits)).toEqual([])
    expect(toBody(place)).toEqual({ type: 'location', location: { latitude: -1.25, longitude: 36.8, name: 'Shop' } })
    const cards = { ...blank('contacts'), people: [{ name: 'Ana Souza', phone: '+55', email: '', company: '' }] }
    expect(toBody(cards)).toEqual({ type: 'contacts', contacts: [{ name: { formatted_name: 'Ana Souza', first_name: 'Ana' }, phones: [{ phone: '+55' }] }] })
    expect(fromBody(toBody(cards))?.people).toEqual(cards.people)
  })
  it.each<[string, BuilderState, string[]]>([
    ['an empty button message', blank('button'), ['body:missing', 'buttons.0.title:missing']],
    ['labels that are too long or the same', make('button', { buttons: [{ id: '', title: 'x'.repeat(21) }, { id: '', title: 'No' }, { id: '', title: 'No' }] }), ['buttons.0.title:long', 'buttons.2.title:twice']],
    ['a fourth button', make('button', { buttons: ['a', 'b', 'c', 'd'].map((title) => ({ id: '', title })) }), ['buttons:many']],
    ['sections without titles', make('list', { listButton: 'Go', sections: [{ title: '', rows: [{ id: '', title: 'a', description: '' }] }, { title: 'B', rows: [{ id: '', title: 'b', description: '' }] }] }), ['sections.0.title:sectionTitle']],
    ['eleven rows', make('list', { listButton: 'Go', sections: [{ title: '', rows: Array.from({ length: 11 }, (_, n) => ({ id: '', title: `r${n}`, description: '' })) }] }), ['sections:many']],
    ['a link that is none', make('cta_url', { link: { label: 'Go', url: 'javascript:alert(1)' } }), ['link.url:url']],
    ['cards without a picture or a link', make('carousel', {}), ['carousel.0.media:missing', 'carousel.0.link.label:missing', 'carousel.0.link.url:missing', 'carousel.1.media:missing', 'carousel.1.link.label:missing', 'carousel.1.link.url:missing']],
    ['a header without its picture', make('button', { headerFile: { kind: 'image', media: '' }, buttons: [{ id: '', title: 'Yes' }] }), ['headerFile:missing']],
    ['no product', make('product_list', {}), ['header:missing', 'catalog:missing', 'products.0.ids:missing']],
    ['no place', blank('location'), ['place.latitude:degrees', 'place.longitude:degrees']],
    ['a card without number', { ...blank('contacts'), people: [{ name: 'Ana', phone: '', email: '', company: '' }] }, ['people.0.phone:few']],
    ['emoji that count twice', make('button', { buttons: [{ id: '', title: '🙂'.repeat(11) }] }), ['buttons.0.title:long']],
  ])('says what is wrong with %s', (_, state, found) => {
    expect(troubles(state, limits).map((each) => `${each.field}:${each.key}`)).toEqual(found)
  })
  it('offers what the channel takes, and nothing else', () => {
    expect(kindsFor(['text', 'location', 'contacts', 'interactive'], limits)).toEqual(KINDS.filter((kind) => !kind.endsWith('_template')))
    expect(kindsFor(['text', 'interactive'], onInstagram)).toEqual(['button', 'button_template', 'generic_template'])
    expect(kindsFor(['text', 'location'], limits)).toEqual(['location'])
    expect(kindsFor(['text'], { ...limits, interactive: [] })).toEqual([])
  })
  it('makes what Instagram takes and reads it back', () => {
    const page = { opens: true, title: 'Shop', url: 'https://a.example', payload: '' }
    const answer = { opens: false, title: 'More', url: '', payload: 'MORE' }
    const states: [BuilderState, object][] = [
      [make('button_template', { templateButtons: [page, answer] }), { type: 'button_template', body: { text: 'Hello' }, buttons: [{ type: 'web_url', title: 'Shop', url: 'https://a.example' }, { type: 'postback', title: 'More', payload: 'MORE' }] }],
      [make('generic_template', { cards: [{ title: 'Rye', subtitle: 'Dark', image: '', buttons: [answer] }] }), { type: 'generic_template', elements: [{ title: 'Rye', subtitle: 'Dark', buttons: [{ type: 'postback', title: 'More', payload: 'MORE' }] }] }],
    ]
    for (const [state, interactive] of states) {
      expect(troubles(state, onInstagram)).toEqual([])
      expect(toBody(state)).toEqual({ type: 'interactive', interactive })
      const again = fromBody(toBody(state))
      expect(again && toBody(again)).toEqual(toBody(state))
    }
    const said = (state: BuilderState): string[] => troubles(state, onInstagram).map((each) => `${each.field}:${each.key}`)
    expect(said(make('button', { header: 'x'.repeat(99), body: 'é'.repeat(501), buttons: [{ id: '', title: 'Yes' }] }))).toEqual(['body:bytes'])
    expect(said(make('button_template', { body: 'é'.repeat(640), templateButtons: [{ ...page, url: 'ftp://a' }] }))).toEqual(['templateButtons.0.url:url'])
    expect(said(make('generic_template', { cards: [{ title: 'Rye', subtitle: '', image: '', buttons: [] }] }))).toEqual(['cards.0.subtitle:bare'])
  })
  it('asks for clicks only where there is a link', () => {
    expect(toBody(make('button', { track: true, buttons: [{ id: '', title: 'a' }] }))).not.toHaveProperty('track_links')
    expect(toBody(make('cta_url', { track: true, link: { label: 'a', url: 'https://a.example' } }))).toHaveProperty('track_links', true)
  })
  it('reads nothing into other contents', () => {
    for (const body of [{ type: 'text', text: { body: 'x' } }, { type: 'interactive', interactive: { type: 'hologram' } }, { type: 'contacts', contacts: [] }, { type: 'location', location: {} }]) expect(fromBody(body)).toBeNull()
  })
})

it('finds coordinates in what people paste', () => {
  expect(coordinatesIn('-1.286389, 36.817223')).toEqual({ latitude: '-1.286389', longitude: '36.817223' })
  expect(coordinatesIn('https://www.google.com/maps/place/X/@-23.55,-46.63,15z')).toEqual({ latitude: '-23.55', longitude: '-46.63' })
  expect(coordinatesIn('geo:30.04,31.23')).toEqual({ latitude: '30.04', longitude: '31.23' })
  for (const nothing of ['', 'Nairobi', '95.5, 10.1', '12']) expect(coordinatesIn(nothing)).toBeNull()
  expect([degrees('1,5'), Number.isNaN(degrees('')), Number.isNaN(degrees('x'))]).toEqual([1.5, true, true])
  expect(idsIn(' a,b;c\n\nd ')).toEqual(['a', 'b', 'c', 'd'])
})

describe('quick replies that ask for what the app knows', () => {
  it('need no words, and come back as they were', () => {
    const state = make('button', { buttons: [{ id: 'c', title: 'Call me' }, { id: '', title: '', asks: 'user_phone_number' }, { id: '', title: '', asks: 'user_email' }] })
    expect(troubles(state, onInstagram)).toEqual([])
    const body = toBody(state)
    expect(body.interactive).toMatchObject({ action: { buttons: [{ type: 'reply', reply: { id: 'c', title: 'Call me' } }, { type: 'user_phone_number' }, { type: 'user_email' }] } })
    expect(fromBody(body)?.buttons).toEqual(state.buttons)
  })
})
