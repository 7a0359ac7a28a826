import { flushPromises, mount } from '@vue/test-utils'
import { beforeAll, describe, expect, it } from 'vitest'
import { ensureTexts, i18n, LANGUAGES, setLanguage, type Language } from '@/app/i18n'
import { me } from '@/app/session'
import MessageContent from '@/features/inbox/MessageContent.vue'
import { answeredOf, askedOf, mapLink, orderOf, peopleOf, placeOf, referralOf, shownOf, troublesOf, vcard, webAddress } from '@/features/inbox/content/read'
import { forwardable, quoteOf, wordsOf } from '@/features/inbox/content/words'
import { reactionsOn, threadRows } from '@/features/inbox/thread'
import { previewOf } from '@/features/inbox/preview'
import type { Conversation, Me, Media, Message } from '@/lib/api'

const EVIL = '<img src=x onerror="alert(1)"><script>alert(2)</script>'
const message = (type: string, content: unknown, more: Partial<Message> = {}): Message => ({
  id: 'ms_1', conversation_id: 'cv_1', direction: 'inbound', type, [type]: content, author: { kind: 'customer' }, status: 'received', status_times: {},
  provider_message_id: 'wamid.1', context: null, error: null, reactions: [], created_at: '2026-11-20T10:00:00.000000Z', provider_at: null, pricing: null,
  raw_event_id: null, trace_id: 't', private: false, ...more,
})
/** Cards are loaded when first needed; from then on they are there at once. */
async function show(shown: Message, props: object = {}) {
  const made = mount(MessageContent, { props: { message: shown, ...props }, global: { plugins: [i18n] } })
  await flushPromises()
  return made
}
async function speak(language: Language): Promise<void> {
  await setLanguage(language)
  await ensureTexts('inbox', 'content', 'common')
}
const owner = (role: 'owner' | 'agent'): void => {
  me.value = { user: { id: 'us_1', name: 'O', role } } as unknown as Me
}
beforeAll(async () => {
  await Promise.all([import('@/features/inbox/content/MessageCard.vue'), import('@/features/inbox/content/MessageMarks.vue'), import('@/features/inbox/content/EditHistory.vue')])
  await speak('en')
  owner('owner')
  // The cards are many files, and a busy machine reads them slowly.
}, 30_000)

/** Every kind, with markup in every text that a stranger can write. */
const KINDS: [string, unknown, Partial<Message>?][] = [
  ['text', { body: `${EVIL} https://shop.example/a?b=1 javascript:alert(1)` }],
  ['image', { media_id: '1', caption: EVIL }],
  ['document', { media_id: '1', filename: EVIL, caption: EVIL }],
  ['location', { latitude: -1.28, longitude: 36.8, name: EVIL, address: EVIL, url: 'javascript:alert(1)' }],
  ['contacts', [{ name: { formatted_name: EVIL }, org: { company: EVIL }, phones: [{ phone: EVIL, wa_id: EVIL }], emails: [{ email: EVIL }], urls: [{ url: 'javascript:alert(1)' }] }]],
  ['reaction', { message_id: 'x', emoji: EVIL }],
  ['button', { text: EVIL, payload: EVIL }],
  ['interactive', { type: 'button_reply', button_reply: { id: EVIL, title: EVIL } }],
  ['interactive', { type: 'list_reply', list_reply: { id: EVIL, title: EVIL, description: EVIL } }],
  ['interactive', { type: 'nfm_reply', nfm_reply: { name: 'flow', body: EVIL, response_json: JSON.stringify({ [EVIL]: EVIL, nested: { a: EVIL } }) } }],
  ['interactive', { type: 'call_permission_reply', call_permission_reply: { response: EVIL } }],
  ['interactive', { type: 'button', header: { type: 'text', text: EVIL }, body: { text: EVIL }, footer: { text: EVIL }, action: { buttons: [{ reply: { id: 'a', title: EVIL } }] } }],
  ['interactive', { type: 'list', body: { text: EVIL }, action: { button: EVIL, sections: [{ title: EVIL, rows: [{ id: 'a', title: EVIL, description: EVIL }] }] } }],
  ['interactive', { type: 'cta_url', body: { text: EVIL }, action: { parameters: { display_text: EVIL, url: 'javascript:alert(1)' } } }],
  ['interactive', { type: 'product_list', body: { text: EVIL }, action: { catalog_id: EVIL, sections: [{ title: EVIL, product_items: [{ product_retailer_id: EVIL }] }] } }],
  ['interactive', { type: 'flow', body: { text: EVIL }, action: { parameters: { flow_cta: EVIL, flow_id: EVIL } } }],
  ['interactive', { type: 'carousel', body: { text: EVIL }, action: { cards: [{ body: { text: EVIL }, action: { parameters: { display_text: EVIL, url: 'data:text/html,x' } } }] } }],
  ['interactive', { type: 'location_request_message', body: { text: EVIL }, action: { name: 'send_location' } }],
  ['order', { catalog_id: EVIL, text: EVIL, product_items: [{ product_retailer_id: EVIL, quantity: 2, item_price: 5, currency: EVIL }] }],
  ['system', { type: 'user_changed_number', body: EVIL, wa_id: EVIL }],
  ['system', { type: 'new', body: EVIL }],
  ['template', { name: EVIL, rendered: EVIL }],
  ['edit', { original_message_id: 'x', message: { type: 'text', text: { body: EVIL } } }],
  ['revoke', { original_message_id: 'x' }],
  ['request_welcome', {}],
  ['unsupported', { errors: [{ code: 131051, title: EVIL, error_data: { details: EVIL } }] }],
  ['hologram', { [EVIL]: EVIL }],
  ['text', { body: 'Is it blue?' }, { extra: { referral: { headline: EVIL, body: EVIL, source_url: 'javascript:alert(1)', source_type: 'ad' }, referred_product: { product_retailer_id: EVIL }, errors: [{ code: 1, title: EVIL }] }, context: { forwarded: true, message_id: null, provider_message_id: null } }],
  ['text', { body: 'new' }, { edits: [{ at: '2026-11-20T10:00:00Z', type: 'text', text: { body: EVIL } }] }],
]

describe('every kind of message', () => {
  it.each(KINDS)('%s shows markup as words and leads nowhere but to the web', async (type, content, more) => {
    for (const tappable of [false, true]) {
      const { element } = await show(message(type, content, more), { tappable })
      const root = document.createElement('div')
      root.append(element)
      expect(root.querySelector('script, img, iframe, style, object')).toBeNull()
      expect([...root.querySelectorAll('*')].flatMap((each) => each.getAttributeNames()).filter((name) => name.startsWith('on'))).toEqual([])
      for (const link of root.querySelectorAll('a')) {
        expect(link.getAttribute('href')).toMatch(/^(https?:\/\/|geo:-?\d)/)
        if (link.target === '_blank') expect(link.rel).toContain('noopener')
      }
    }
  })
  it.each(KINDS)('%s survives contents that are nothing of the kind', async (type) => {
    for (const senseless of [null, undefined, 5, 'x', [], {}, [null], { type: 'list' }, { type: 'nfm_reply', nfm_reply: { response_json: '{"a":' } }, { product_items: 'x', action: [] }]) {
      expect((await show(message(type, senseless))).exists()).toBe(true)
    }
  })
  it.each(LANGUAGES.filter((language) => language !== 'en'))('speaks %s', async (language) => {
    await speak(language)
    const shown = await Promise.all(KINDS.map(([type, content, more]) => show(message(type, content, more))))
    const words = shown.map((each) => each.text()).join(' ')
    expect(words).not.toMatch(/\b(content|inbox|builder)\.[a-z]\w*/)
    await speak('en')
  })
  it('shows the words of kinds that it does not know, and where they lead', async () => {
    const shared = await show(message('fallback', { text: 'have a look', title: 'The shop', media_url: 'https://shop.example/a' }))
    expect(shared.text()).toContain('have a look')
    expect(shared.text()).toContain('Shared link')
    expect(shared.get('a').attributes('href')).toBe('https://shop.example/a')
    const evil = await show(message('hologram', { Body: 'beam me up', url: 'javascript:alert(1)' }))
    expect(evil.text()).toContain('beam me up')
    expect(evil.find('a').exists()).toBe(false)
    expect(wordsOf(message('attachment', { text: 'and this?' }))).toBe('and this?')
    expect(previewOf({ type: 'hologram', preview: 'beam me up' } as Conversation['last_message'])).toBe('beam me up')
  })

  it('shows cards with their pictures and answers, and what a sent template showed', async () => {
    const file = { id: 'md_1', kind: 'image', state: 'stored', mime_type: 'image/png', url: '/media/1', thumbnail_url: '/media/1/t', reason: null, filename: 'basket.png', can_fetch: false } as unknown as Media
    const reply = (id: string) => ({ type: 'quick_reply', quick_reply: { id, title: 'I like this' } })
    const cards = [{ card_index: 0, type: 'cta_url', header: { type: 'image', image: { media_id: 'md_1' } }, action: { buttons: [reply('a')] } },
      { card_index: 1, type: 'cta_url', header: { type: 'image', image: { link: 'https://shop.example/mat.jpg' } }, action: { buttons: [reply('b')] } }]
    const carousel = await show(message('interactive', { type: 'carousel', body: { text: 'Pick a style:' }, action: { cards } }, { media: [file], choices: [{ kind: 'button', id: 'b', title: 'I like this', at: '2026-11-20T10:00:00Z', message_id: 'ms_2' }] } as never))
    expect(carousel.findAll('li')).toHaveLength(2)
    expect(carousel.get('img').attributes('src')).toBe('/media/1/t')
    expect(carousel.get('a').attributes('href')).toBe('https://shop.example/mat.jpg')
    expect(carousel.findAll('li').map((card) => card.html().includes('text-success'))).toEqual([false, true])
    const shown = { header: { format: 'image', text: '', media: 'md_1' }, offer: null, body: 'Hi Ana', footer: 'Bye', buttons: [{ kind: 'quick_reply', text: 'Thanks', target: '' }, { kind: 'url', text: 'See it', target: 'https://shop.example/7' }], cards: [] }
    const template = await show(message('template', { name: 'order', rendered: 'Hi Ana', shown }, { media: [file], choices: [{ kind: 'button', id: 'x', title: 'Thanks', at: '2026-11-20T10:00:00Z', message_id: 'ms_2' }] } as never))
    expect(template.findAll('img')).toHaveLength(1)
    for (const words of ['order', 'Hi Ana', 'Bye', 'Thanks']) expect(template.text()).toContain(words)
    expect(template.text().match(/Hi Ana/g)).toHaveLength(1)
    expect(template.get('a').attributes('href')).toBe('https://shop.example/7')
  })

  it('shows a card that came as a file as the file until it was read', async () => {
    const file = { id: 'md_1', kind: 'document', state: 'pending', reason: null, url: null, can_fetch: false } as unknown as Media
    const unread = await show(message('contacts', [{ document: { url: 'https://a/1' } }], { media: [file] }))
    expect(unread.text()).not.toContain('Save')
    const read = await show(message('contacts', [{ document: { url: 'https://a/1' }, name: { formatted_name: 'Ana Lima' }, phones: [{ phone: '+254711' }] }], { media: [file] }))
    expect(read.text()).toContain('Ana Lima')
    expect(read.text()).toContain('+254711')
  })

  it('shows the raw form of an unknown kind to owners only', async () => {
    const unknown = message('hologram', { beam: 'blue' })
    expect((await show(unknown)).text()).toContain('beam')
    owner('agent')
    expect((await show(unknown)).text()).not.toContain('beam')
    owner('owner')
  })
  it('says that a message was deleted and shows nothing of it', async () => {
    const deleted = message('text', { body: 'secret' }, { deleted: { at: '2026-11-20T10:00:00Z', by: { kind: 'customer' } } })
    const text = (await show(deleted)).text()
    expect(text).toBe('Deleted by the customer')
    expect([wordsOf(deleted), forwardable(deleted)]).toEqual(['', null])
  })
  it('keeps earlier wordings within reach', async () => {
    const edited = message('text', { body: 'two loaves' }, { edits: [{ at: '2026-11-20T10:00:00Z', type: 'text', text: { body: 'two loavs' } }] })
    const shown = await show(edited)
    expect(shown.find('details').text()).toContain('two loavs')
    expect(shown.text()).toContain('two loaves')
  })
})

describe('interactive messages', () => {
  const asked = { type: 'button', body: { text: 'Delivery?' }, action: { buttons: [{ reply: { id: 'y', title: 'Yes' } }, { reply: { id: 'n', title: 'No' } }] } }
  it('show which option was chosen, and when', async () => {
    const choice = { kind: 'button', id: 'n', title: 'No', at: new Date().toISOString(), message_id: 'ms_2' }
    const shown = await show(message('interactive', asked, { direction: 'outbound', choices: [choice] }))
    const lines = shown.findAll('p').map((line) => line.text())
    expect(lines.find((line) => line.startsWith('No'))).toContain('chosen')
    expect(lines.find((line) => line.startsWith('Yes'))).not.toContain('chosen')
  })
  it('can be tapped on the phone', async () => {
    const shown = await show(message('interactive', asked, { direction: 'outbound' }), { tappable: true })
    await shown.findAll('button')[1]!.trigger('click')
    expect(shown.emitted('tap')).toEqual([['button', { id: 'n', title: 'No', description: '' }]])
  })
  it('are read with everything that they offer', () => {
    expect(askedOf({ type: 'list', action: { button: 'Choose', sections: [{ title: 'Bread', rows: [{ id: 'r', title: 'Rye' }] }] } })).toMatchObject({ listButton: 'Choose', sections: [{ title: 'Bread', rows: [{ id: 'r', title: 'Rye' }] }] })
    expect(answeredOf({ type: 'nfm_reply', nfm_reply: { name: 'flow', body: 'Sent', response_json: '{"flow_token":"t","rating":4,"happy":true}' } })).toEqual({ kind: 'flow', title: 'Sent', description: '', fields: [['rating', '4'], ['happy', '✓']] })
    expect(answeredOf({ type: 'button' })).toBeNull()
  })
})

describe('what others wrote', () => {
  it('is read with care', () => {
    expect(placeOf({ latitude: '1.5', longitude: 2 })).toEqual({ latitude: 1.5, longitude: 2, name: '', address: '' })
    for (const nowhere of [{}, null, { latitude: 91, longitude: 0 }, { latitude: 'x', longitude: 0 }, { latitude: Number.NaN, longitude: 0 }]) expect(placeOf(nowhere)).toBeNull()
    expect(mapLink(placeOf({ latitude: 1, longitude: 2 })!)).toBe('https://www.openstreetmap.org/?mlat=1&mlon=2#map=16/1/2')
    expect([webAddress('https://a.example/x'), webAddress('javascript:alert(1)'), webAddress('//a'), webAddress(5)]).toEqual(['https://a.example/x', null, null, null])
    expect(referralOf({ referral: { headline: 'Hi', source_url: 'https://fb.me/x', source_type: 'ad' } })).toMatchObject({ headline: 'Hi', url: 'https://fb.me/x' })
    expect(referralOf({ referral: {} })).toBeNull()
    expect(troublesOf({ errors: [{ code: 131051, title: 'Unknown' }] }, { errors: [{ code: 131051, title: 'Unknown' }] })).toHaveLength(1)
  })
  it('adds up a cart by currency', () => {
    const items = [{ product_retailer_id: 'a', quantity: 2, item_price: 1850, currency: 'KES' }, { product_retailer_id: 'b', quantity: '1', item_price: '900', currency: 'KES' }, { product_retailer_id: 'c' }]
    expect(orderOf({ product_items: items }).totals).toEqual([{ currency: 'KES', amount: 4600 }])
  })
  it('makes address book cards that nobody can break out of', () => {
    const [person] = peopleOf([{ name: { formatted_name: 'Ana;\r\nBEGIN:VCARD' }, phones: [{ phone: '+1' }] }])
    expect(vcard(person!).split('\r\n')).toEqual(['BEGIN:VCARD', 'VERSION:3.0', 'FN:Ana\\;\\nBEGIN:VCARD', 'N:Ana\\;\\nBEGIN:VCARD;;;;', 'TEL:+1', 'END:VCARD', ''])
  })
  it('is quoted and forwarded as what it is', () => {
    expect(quoteOf(message('image', { media_id: '1' }))).toBe('Picture')
    expect(forwardable(message('location', { latitude: 1, longitude: 2, name: 'Home', url: 'x' }))).toEqual({ type: 'location', location: { latitude: 1, longitude: 2, name: 'Home' } })
    expect(forwardable(message('interactive', { type: 'button_reply', button_reply: { id: 'y', title: 'Yes' } }))).toEqual({ type: 'text', text: { body: 'Yes' } })
    expect(forwardable(message('reaction', { emoji: '👍' }))).toBeNull()
    expect(forwardable(message('note', { body: 'x' }, { private: true }))).toBeNull()
  })
})

describe('reactions from the server', () => {
  it('stand on their message, also one that is only on its way', () => {
    const by = { kind: 'user' as const, name: 'Amina' }
    const target = message('text', { body: 'x' }, { reactions: [{ emoji: '👍', direction: 'inbound', by: { kind: 'customer' }, at: '', message_id: 'ms_9' }, { emoji: '🙏', direction: 'outbound', by, at: '', message_id: 'ms_8' }] })
    const applied = message('edit', { original_message_id: 'wamid.1' }, { id: 'ms_3', context: { forwarded: false, message_id: 'ms_1', provider_message_id: 'wamid.1' } })
    const failed = message('reaction', { emoji: '❤️', message_id: 'wamid.1' }, { id: 'ms_4', direction: 'outbound', status: 'failed', context: { forwarded: false, message_id: 'ms_1', provider_message_id: 'wamid.1' } })
    const { on, shown } = reactionsOn([target, applied, failed])
    expect(on.get('ms_1')).toEqual([{ emoji: '👍', direction: 'inbound', name: undefined }, { emoji: '🙏', direction: 'outbound', name: 'Amina' }])
    expect([...shown]).toEqual(['ms_3'])
    const waiting = { kind: 'message', state: 'waiting', body: { type: 'reaction', reaction: { message_id: 'ms_1', emoji: '' } } }
    expect(reactionsOn([target], [waiting as never]).on.get('ms_1')?.map((each) => each.emoji)).toEqual(['👍'])
  })
})

describe('what is done with a comment', () => {
  const at = '2026-01-01T10:00:00Z'
  const base = { conversation_id: 'cv_1', private: false, author: { kind: 'customer' }, reactions: [], created_at: at }
  const comment = { ...base, id: 'ms_1', type: 'comment', direction: 'inbound', status: 'received', comment: { text: 'Price?' } }
  const act = (status: string): object => ({ ...base, id: 'ms_2', type: 'comment_action', direction: 'outbound', status, author: { kind: 'user' }, comment_action: { action: 'hide' }, context: { message_id: 'ms_1' } })
  const rows = (messages: object[], pending: object[] = []) =>
    threadRows({ messages: messages as never, pending: pending as never, firstNew: null, complete: true }).flatMap((row) => (row.kind === 'message' ? [[row.message.id, row.working]] : row.kind === 'pending' ? [[row.key, true]] : []))
  const waiting = (state: string): object => ({ id: 'w', kind: 'message', state, body: { type: 'comment_action', comment_action: { action: 'hide' }, context: { message_id: 'ms_1' } } })
  it.each([
    [[comment], [], [['ms_1', false]]],
    [[comment, act('queued')], [], [['ms_1', true]]],
    [[comment, act('accepted')], [], [['ms_1', false]]],
    [[comment, act('failed')], [], [['ms_1', false], ['ms_2', false]]],
    [[comment], [waiting('sending')], [['ms_1', true]]],
    [[comment], [waiting('failed')], [['ms_1', false], ['w', true]]],
  ])('stands on it, and by itself only where it failed (%#)', (messages, pending, expected) => {
    expect(rows(messages, pending)).toEqual(expected)
  })
})

it('shows the products of a template: the one above, those behind a button, those on cards', () => {
  const shown = {
    header: { format: 'product', text: '', media: null, product: 'L' }, body: 'Still interested?', footer: '',
    buttons: [{ kind: 'mpm', text: 'View items', target: '', products: { thumbnail: 'L', sections: [{ title: 'Cart', products: ['L', 'S'] }, 7] } }],
    cards: [{ header: { format: 'product', text: '', media: null, product: 'M' }, body: '', buttons: [] }],
  }
  const read = shownOf({ shown })!
  expect([read.headerProduct, read.products, read.cards[0]!.product]).toEqual(['L', [{ title: 'Cart', ids: ['L', 'S'] }, { title: '', ids: [] }], 'M'])
  expect(read.buttons).toMatchObject([{ title: 'View items', kind: 'mpm' }])
})
