/** The builder's state, what it makes of it for the API, and what would be refused. Nothing here knows a screen. */
import type { Channel, NewMessage } from '@/lib/api'
import { asList, askedOf, at, peopleOf, placeOf, textAt } from '../content/read'

export type Limits = Channel['capabilities']['limits']
export const KINDS = [
  'button', 'list', 'cta_url', 'location', 'location_request_message', 'contacts', 'request_contact_info',
  'carousel', 'product', 'product_list', 'catalog_message', 'flow', 'address_message', 'button_template', 'generic_template',
] as const
export type BuilderKind = (typeof KINDS)[number]
export interface Row { id: string; title: string; description: string }
export interface Card { name: string; phone: string; email: string; company: string }
/** A button of Instagram's: it opens a page, or answers. */
export interface TemplateButton { opens: boolean; title: string; url: string; payload: string }
export interface InstagramCard { title: string; subtitle: string; image: string; buttons: TemplateButton[] }
/** A picture, video or document of ours that stands above the words. */
export interface HeaderFile { kind: '' | 'image' | 'video' | 'document'; media: string }
/** A card of WhatsApp's: a picture or video, a few words, and a link or answers. */
export interface MediaCard { media: string; body: string; link: { label: string; url: string }; replies: { id: string; title: string }[] }
export interface Carousel { format: 'image' | 'video'; answers: boolean; cards: MediaCard[] }
export interface BuilderState {
  kind: BuilderKind
  header: string
  headerFile: HeaderFile
  carousel: Carousel
  body: string
  footer: string
  /** `asks`: it has no words of its own, but asks for what the customer's app knows. */
  buttons: { id: string; title: string; asks?: string }[]
  listButton: string
  sections: { title: string; rows: Row[] }[]
  link: { label: string; url: string }
  catalog: string
  product: string
  products: { title: string; ids: string }[]
  flow: { id: string; cta: string; screen: string; token: string }
  country: string
  place: { latitude: string; longitude: string; name: string; address: string }
  people: Card[]
  templateButtons: TemplateButton[]
  cards: InstagramCard[]
  track: boolean
}

export const blankRow = (): Row => ({ id: '', title: '', description: '' })
export const blankCard = (): Card => ({ name: '', phone: '', email: '', company: '' })
export const blankTemplateButton = (): TemplateButton => ({ opens: true, title: '', url: '', payload: '' })
export const blankInstagramCard = (): InstagramCard => ({ title: '', subtitle: '', image: '', buttons: [] })
export const blankMediaCard = (): MediaCard => ({ media: '', body: '', link: { label: '', url: '' }, replies: [{ id: '', title: '' }] })
/** WhatsApp wants at least two cards. */
export const FEWEST_CARDS = 2
export const blank = (kind: BuilderKind): BuilderState => ({
  kind, header: '', headerFile: { kind: '', media: '' }, carousel: { format: 'image', answers: false, cards: [blankMediaCard(), blankMediaCard()] }, body: '', footer: '', buttons: [{ id: '', title: '' }], listButton: '', sections: [{ title: '', rows: [blankRow()] }],
  link: { label: '', url: '' }, catalog: '', product: '', products: [{ title: '', ids: '' }],
  flow: { id: '', cta: '', screen: '', token: '' }, country: 'IN', place: { latitude: '', longitude: '', name: '', address: '' },
  people: [blankCard()], templateButtons: [blankTemplateButton()], cards: [blankInstagramCard()], track: false,
})

/** Kinds that this channel takes, in the menu's order. */
export function kindsFor(sends: readonly string[], limits: Limits): BuilderKind[] {
  const interactive = new Set(sends.includes('interactive') ? limits.interactive : [])
  return KINDS.filter((kind) => (kind === 'location' || kind === 'contacts' ? sends.includes(kind) : interactive.has(kind)))
}
/** What a kind is called where it goes: Instagram's answers are not WhatsApp's buttons (more of them, under the text, gone after a tap), and one card is no row of them. */
export function nameOf(kind: BuilderKind, limits: Limits): string {
  if (kind === 'button' && limits.in_bytes) return 'quick_replies'
  return kind === 'generic_template' && limits.cards === 1 ? 'card' : kind
}
const HEADED: ReadonlySet<BuilderKind> = new Set(['button', 'list', 'cta_url', 'product_list', 'flow', 'address_message'])
const FOOTED: ReadonlySet<BuilderKind> = new Set(['button', 'list', 'cta_url', 'product', 'product_list', 'catalog_message', 'flow', 'address_message'])
/** Kinds that may have a picture, video or document for a header. */
const PICTURED: ReadonlySet<BuilderKind> = new Set(['button', 'cta_url', 'flow'])
export const headerFiles = (kind: BuilderKind, limits: Limits): readonly string[] => (PICTURED.has(kind) ? limits.header_media : [])
/** Whether the kind has a header where it goes; Instagram has none at all. */
export const hasHeader = (kind: BuilderKind, limits: Limits): boolean => HEADED.has(kind) && limits.header_text > 0
export const hasFooter = (kind: BuilderKind, limits: Limits): boolean => FOOTED.has(kind) && limits.footer > 0
export const HAS_BODY = (kind: BuilderKind): boolean => !['location', 'contacts', 'generic_template'].includes(kind)
/** The longest body that the kind takes. */
export const bodyMax = (kind: BuilderKind, limits: Limits): number => (kind === 'list' ? limits.list_body : kind === 'button_template' ? limits.template_body : limits.body)
/** Characters, or bytes where the provider counts those. A button's text is always counted in characters. */
export const lengthOf = (text: string, bytes: boolean): number => (bytes ? new TextEncoder().encode(text).length : text.length)
export const bodyInBytes = (kind: BuilderKind, limits: Limits): boolean => limits.in_bytes && kind !== 'button_template'

/** An id where none was typed: the label in plain letters, so that programs can read it; unique within the message. */
function named(ids: Set<string>, typed: string, title: string, index: number, max = 40): string {
  const plain = title.toLowerCase().normalize('NFKD').replace(/[^a-z0-9]+/g, '-').replace(/^-|-$/g, '').slice(0, max)
  let id = typed.trim() || plain || `option-${index + 1}`
  if (!typed.trim()) while (ids.has(id)) id = `${id.slice(0, max - 4)}-${index + 1}`
  ids.add(id)
  return id
}
const filled = <T extends object>(list: T[], test: (each: T) => boolean): T[] => list.filter(test)
const trimmed = (text: string): string => text.trim()
export const idsIn = (text: string): string[] => text.split(/[\s,;]+/).map(trimmed).filter(Boolean)

function action(state: BuilderState): object {
  switch (state.kind) {
    case 'button': {
      const ids = new Set<string>()
      return { buttons: filled(state.buttons, (each) => !!each.asks || !!trimmed(each.title)).map((each, index) => each.asks ? { type: each.asks } : ({ type: 'reply', reply: { id: named(ids, each.id, each.title, index), title: trimmed(each.title) } })) }
    }
    case 'list': {
      const ids = new Set<string>()
      let count = 0
      const sections = state.sections.map((section) => ({
        ...(trimmed(section.title) && { title: trimmed(section.title) }),
        rows: filled(section.rows, (row) => !!trimmed(row.title)).map((row) => ({
          id: named(ids, row.id, row.title, count++), title: trimmed(row.title), ...(trimmed(row.description) && { description: trimmed(row.description) }),
        })),
      }))
      return { button: trimmed(state.listButton), sections: sections.filter((section) => section.rows.length > 0) }
    }
    case 'carousel':
      return { cards: mediaCards(state.carousel) }
    case 'cta_url':
      return { name: 'cta_url', parameters: { display_text: trimmed(state.link.label), url: trimmed(state.link.url) } }
    case 'product':
      return { catalog_id: trimmed(state.catalog), product_retailer_id: trimmed(state.product) }
    case 'product_list': {
      const sections = state.products.map((section) => ({ ...(trimmed(section.title) && { title: trimmed(section.title) }), product_items: idsIn(section.ids).map((id) => ({ product_retailer_id: id })) }))
      return { catalog_id: trimmed(state.catalog), sections: sections.filter((section) => section.product_items.length > 0) }
    }
    case 'catalog_message':
      return { name: 'catalog_message', ...(trimmed(state.product) && { parameters: { thumbnail_product_retailer_id: trimmed(state.product) } }) }
    case 'flow':
      return {
        name: 'flow',
        parameters: {
          flow_message_version: '3', flow_id: trimmed(state.flow.id), flow_cta: trimmed(state.flow.cta), ...(trimmed(state.flow.token) && { flow_token: trimmed(state.flow.token) }),
          ...(trimmed(state.flow.screen) && { flow_action: 'navigate', flow_action_payload: { screen: trimmed(state.flow.screen) } }),
        },
      }
    case 'address_message':
      return { name: 'address_message', parameters: { country: trimmed(state.country).toUpperCase() } }
    case 'location_request_message':
      return { name: 'send_location' }
    default:
      return { name: state.kind }
  }
}
/** Ids of answers on cards are short, and tell the cards apart. */
const CARD_ID = 20
function mediaCards({ format, answers, cards }: Carousel): object[] {
  const ids = new Set<string>()
  let count = 0
  return cards.map((card, index) => ({
    card_index: index, type: 'cta_url', header: { type: format, [format]: { media_id: card.media } }, ...(trimmed(card.body) && { body: { text: trimmed(card.body) } }),
    action: answers
      ? { buttons: filled(card.replies, (each) => !!trimmed(each.title)).map((each) => ({ type: 'quick_reply', quick_reply: { id: named(ids, each.id, each.title, count++, CARD_ID), title: trimmed(each.title) } })) }
      : { name: 'cta_url', parameters: { display_text: trimmed(card.link.label), url: trimmed(card.link.url) } },
  }))
}
function templateButtons(list: TemplateButton[]): object[] {
  return filled(list, (each) => !!trimmed(each.title)).map((each) => {
    const title = trimmed(each.title)
    return each.opens ? { type: 'web_url', title, url: trimmed(each.url) } : { type: 'postback', title, payload: trimmed(each.payload) || title }
  })
}
/** Instagram's own kinds, in Instagram's own form. */
function instagram(state: BuilderState): object {
  if (state.kind === 'button_template') return { type: state.kind, body: { text: trimmed(state.body) }, buttons: templateButtons(state.templateButtons) }
  const elements = filled(state.cards, (card) => !!trimmed(card.title)).map((card) => {
    const buttons = templateButtons(card.buttons)
    return { title: trimmed(card.title), ...(trimmed(card.subtitle) && { subtitle: trimmed(card.subtitle) }), ...(trimmed(card.image) && { image_url: trimmed(card.image) }), ...(buttons.length > 0 && { buttons }) }
  })
  return { type: state.kind, elements }
}

/** Degrees as people type them: a comma is a point. */
export const degrees = (text: string): number => (text.trim() === '' ? Number.NaN : Number(text.trim().replace(',', '.')))

export function toBody(state: BuilderState): NewMessage {
  if (state.kind === 'location') {
    const { latitude, longitude, name, address } = state.place
    return { type: 'location', location: { latitude: degrees(latitude), longitude: degrees(longitude), ...(trimmed(name) && { name: trimmed(name) }), ...(trimmed(address) && { address: trimmed(address) }) } }
  }
  if (state.kind === 'contacts') {
    const contacts = filled(state.people, (card) => !!trimmed(card.name)).map((card) => ({
      name: { formatted_name: trimmed(card.name), first_name: trimmed(card.name).split(/\s+/)[0] },
      ...(trimmed(card.phone) && { phones: [{ phone: trimmed(card.phone) }] }),
      ...(trimmed(card.email) && { emails: [{ email: trimmed(card.email) }] }),
      ...(trimmed(card.company) && { org: { company: trimmed(card.company) } }),
    }))
    return { type: 'contacts', contacts }
  }
  const track = state.track && canTrack(state) && { track_links: true }
  if (state.kind === 'button_template' || state.kind === 'generic_template') return { type: 'interactive', interactive: instagram(state), ...track }
  const file = PICTURED.has(state.kind) && state.headerFile.kind !== '' ? state.headerFile : null
  const header = HEADED.has(state.kind) && !file && trimmed(state.header)
  const footer = FOOTED.has(state.kind) && trimmed(state.footer)
  const interactive = {
    type: state.kind,
    ...(header && { header: { type: 'text', text: header } }),
    ...(file && { header: { type: file.kind, [file.kind]: { media_id: file.media } } }),
    ...((trimmed(state.body) || state.kind !== 'product') && { body: { text: trimmed(state.body) } }),
    ...(footer && { footer: { text: footer } }),
    action: action(state),
  }
  return { type: 'interactive', interactive, ...track }
}
/** Links are tracked where there is one. */
export const canTrack = (state: BuilderState): boolean => state.kind === 'cta_url' || (HAS_BODY(state.kind) && /https?:\/\//i.test(state.body))

/** What stands in the way of sending: where, and which words say so. */
export interface Trouble { field: string; key: 'missing' | 'long' | 'bytes' | 'twice' | 'many' | 'few' | 'url' | 'degrees' | 'sectionTitle' | 'bare'; max?: number; over?: number }
type Check = (field: string, text: string, max: number, needed?: boolean, bytes?: boolean) => void

export function troubles(state: BuilderState, limits: Limits): Trouble[] {
  const found: Trouble[] = []
  const text: Check = (field, value, max, needed = false, bytes = false) => {
    const length = lengthOf(trimmed(value), bytes)
    if (length === 0 && needed) found.push({ field, key: 'missing' })
    // Nothing is known about a limit of 0.
    else if (max > 0 && length > max) found.push({ field, key: bytes ? 'bytes' : 'long', max, over: length - max })
  }
  const pictured = headerFiles(state.kind, limits).length > 0 && state.headerFile.kind !== ''
  if (pictured && !state.headerFile.media) found.push({ field: 'headerFile', key: 'missing' })
  if (hasHeader(state.kind, limits) && !pictured) text('header', state.header, limits.header_text, state.kind === 'product_list')
  if (HAS_BODY(state.kind)) text('body', state.body, bodyMax(state.kind, limits), state.kind !== 'product', bodyInBytes(state.kind, limits))
  if (hasFooter(state.kind, limits)) text('footer', state.footer, limits.footer)
  PARTS[state.kind]?.(state, limits, text, found)
  return found
}

function repeated(values: string[]): number[] {
  const seen = new Set<string>()
  return values.flatMap((value, index) => {
    const again = value !== '' && seen.has(value)
    seen.add(value)
    return again ? [index] : []
  })
}
type Part = (state: BuilderState, limits: Limits, text: Check, found: Trouble[]) => void
const products: Part = (state, limits, text, found) => {
  text('catalog', state.catalog, 0, true)
  const sections = state.products
  const count = sections.reduce((sum, section) => sum + idsIn(section.ids).length, 0)
  sections.forEach((section, index) => {
    text(`products.${index}.title`, section.title, limits.section_title)
    if (sections.length > 1 && !trimmed(section.title)) found.push({ field: `products.${index}.title`, key: 'sectionTitle' })
    if (idsIn(section.ids).length === 0) found.push({ field: `products.${index}.ids`, key: 'missing' })
  })
  if (count > limits.products) found.push({ field: 'products', key: 'many', max: limits.products })
}
function templateTroubles(list: TemplateButton[], at: string, limits: Limits, text: Check, found: Trouble[]): void {
  list.forEach((each, index) => {
    text(`${at}.${index}.title`, each.title, limits.button_title, true)
    if (!each.opens) return text(`${at}.${index}.payload`, each.payload, limits.button_id)
    text(`${at}.${index}.url`, each.url, limits.url, true)
    if (trimmed(each.url) && !isWeb(trimmed(each.url))) found.push({ field: `${at}.${index}.url`, key: 'url' })
  })
  for (const index of repeated(list.map((each) => trimmed(each.title)))) found.push({ field: `${at}.${index}.title`, key: 'twice' })
}
const PARTS: Partial<Record<BuilderKind, Part>> = {
  button: (state, limits, text, found) => {
    state.buttons.forEach((each, index) => {
      if (each.asks) return
      text(`buttons.${index}.title`, each.title, limits.button_title, true)
      text(`buttons.${index}.id`, each.id, limits.button_id)
    })
    for (const index of repeated(state.buttons.map((each) => trimmed(each.title)))) found.push({ field: `buttons.${index}.title`, key: 'twice' })
    for (const index of repeated(state.buttons.map((each) => trimmed(each.id)))) found.push({ field: `buttons.${index}.id`, key: 'twice' })
    if (state.buttons.length > limits.buttons) found.push({ field: 'buttons', key: 'many', max: limits.buttons })
  },
  list: (state, limits, text, found) => {
    text('listButton', state.listButton, limits.button_title, true)
    const rows = state.sections.flatMap((section, s) => section.rows.map((row, r) => ({ row, field: `sections.${s}.rows.${r}` })))
    state.sections.forEach((section, index) => {
      text(`sections.${index}.title`, section.title, limits.section_title)
      if (state.sections.length > 1 && !trimmed(section.title)) found.push({ field: `sections.${index}.title`, key: 'sectionTitle' })
    })
    for (const { row, field } of rows) {
      text(`${field}.title`, row.title, limits.row_title, true)
      text(`${field}.description`, row.description, limits.row_description)
      text(`${field}.id`, row.id, limits.row_id)
    }
    for (const index of repeated(rows.map(({ row }) => trimmed(row.id)))) found.push({ field: `${rows[index]!.field}.id`, key: 'twice' })
    if (rows.length > limits.rows) found.push({ field: 'sections', key: 'many', max: limits.rows })
    if (state.sections.length > limits.sections) found.push({ field: 'sections', key: 'many', max: limits.sections })
  },
  carousel: ({ carousel }, limits, text, found) => {
    carousel.cards.forEach((card, index) => {
      const at = `carousel.${index}`
      if (!card.media) found.push({ field: `${at}.media`, key: 'missing' })
      text(`${at}.body`, card.body, limits.card_text)
      if (carousel.answers) {
        card.replies.forEach((each, place) => {
          text(`${at}.replies.${place}.title`, each.title, limits.button_title, true)
          text(`${at}.replies.${place}.id`, each.id, CARD_ID)
        })
        for (const place of repeated(card.replies.map((each) => trimmed(each.title)))) found.push({ field: `${at}.replies.${place}.title`, key: 'twice' })
        return
      }
      text(`${at}.link.label`, card.link.label, limits.button_title, true)
      text(`${at}.link.url`, card.link.url, limits.url, true)
      if (trimmed(card.link.url) && !isWeb(trimmed(card.link.url))) found.push({ field: `${at}.link.url`, key: 'url' })
    })
    if (carousel.cards.length > limits.cards) found.push({ field: 'carousel', key: 'many', max: limits.cards })
  },
  cta_url: (state, limits, text, found) => {
    text('link.label', state.link.label, limits.button_title, true)
    text('link.url', state.link.url, limits.url, true)
    if (trimmed(state.link.url) && !isWeb(trimmed(state.link.url))) found.push({ field: 'link.url', key: 'url' })
  },
  button_template: (state, limits, text, found) => templateTroubles(state.templateButtons, 'templateButtons', limits, text, found),
  generic_template: (state, limits, text, found) => {
    state.cards.forEach((card, index) => {
      const at = `cards.${index}`
      text(`${at}.title`, card.title, limits.card_text, true)
      text(`${at}.subtitle`, card.subtitle, limits.card_text)
      text(`${at}.image`, card.image, limits.url)
      if (trimmed(card.image) && !isWeb(trimmed(card.image))) found.push({ field: `${at}.image`, key: 'url' })
      templateTroubles(card.buttons, `${at}.buttons`, limits, text, found)
      if (!trimmed(card.subtitle) && !trimmed(card.image) && card.buttons.length === 0) found.push({ field: `${at}.subtitle`, key: 'bare' })
    })
    if (state.cards.length > limits.cards) found.push({ field: 'cards', key: 'many', max: limits.cards })
  },
  product: (state, _limits, text) => {
    text('catalog', state.catalog, 0, true)
    text('product', state.product, 0, true)
  },
  product_list: products,
  flow: (state, limits, text) => {
    text('flow.id', state.flow.id, 0, true)
    text('flow.cta', state.flow.cta, limits.flow_cta, true)
  },
  address_message: (state, _limits, text) => text('country', state.country, 2, true),
  location: (state, limits, text, found) => {
    for (const [name, most] of [['latitude', 90], ['longitude', 180]] as const) {
      const value = degrees(state.place[name])
      if (!(Math.abs(value) <= most)) found.push({ field: `place.${name}`, key: 'degrees', max: most })
    }
    text('place.name', state.place.name, limits.short_text)
    text('place.address', state.place.address, limits.short_text)
  },
  contacts: (state, limits, text, found) => {
    state.people.forEach((card, index) => {
      text(`people.${index}.name`, card.name, limits.short_text, true)
      if (!trimmed(card.phone) && !trimmed(card.email)) found.push({ field: `people.${index}.phone`, key: 'few' })
    })
    if (limits.contact_cards > 0 && state.people.length > limits.contact_cards) found.push({ field: 'people', key: 'many', max: limits.contact_cards })
  },
}
function isWeb(text: string): boolean {
  try {
    return /^https?:\/\//i.test(text) && !!new URL(text).hostname
  } catch {
    return false
  }
}

/** The builder's state for a message that was built before, to change it and send it anew; null for another kind. */
export function fromBody(body: NewMessage): BuilderState | null {
  if (body.type === 'location') {
    const place = placeOf(body.location)
    return place && { ...blank('location'), place: { latitude: String(place.latitude), longitude: String(place.longitude), name: place.name, address: place.address } }
  }
  if (body.type === 'contacts') {
    const people = peopleOf(body.contacts).map((person) => ({ name: person.name, phone: person.phones[0]?.phone ?? '', email: person.emails[0] ?? '', company: person.company }))
    return people.length > 0 ? { ...blank('contacts'), people } : null
  }
  if (body.type !== 'interactive') return null
  const asked = askedOf(body.interactive)
  const kind = KINDS.find((each) => each === asked.kind)
  if (!kind) return null
  const action = at(body.interactive, 'action')
  const state = { ...blank(kind), header: asked.header, body: asked.body, footer: asked.footer, track: body.track_links === true }
  if (asked.headerFile) {
    if (!asked.headerFile.id.startsWith('md_')) return null
    state.headerFile = { kind: asked.headerFile.kind, media: asked.headerFile.id }
  }
  if (kind === 'carousel') {
    if (asked.cards.some((card) => !card.file?.id.startsWith('md_'))) return null
    state.carousel = {
      format: asked.cards[0]?.file?.kind === 'video' ? 'video' : 'image', answers: asked.cards.some((card) => card.buttons.length > 0),
      cards: asked.cards.map((card) => ({ media: card.file!.id, body: card.body, link: card.link ?? { label: '', url: '' }, replies: card.buttons.length > 0 ? card.buttons.map(({ id, title }) => ({ id, title })) : [{ id: '', title: '' }] })),
    }
  }
  if (asked.buttons.length > 0) state.buttons = asked.buttons.map(({ id, title }) => ({ id, title }))
  if (asked.asks.length > 0) state.buttons = [...asked.buttons.map(({ id, title }) => ({ id, title })), ...asked.asks.map((asks) => ({ id: '', title: '', asks }))]
  if (asked.sections.length > 0) state.sections = asked.sections
  if (asked.link) state.link = asked.link
  if (asked.flow) state.flow = { id: asked.flow.id, cta: asked.flow.label, screen: textAt(action, 'parameters', 'flow_action_payload', 'screen'), token: textAt(action, 'parameters', 'flow_token') }
  state.listButton = asked.listButton
  state.catalog = asked.catalog
  state.product = textAt(action, 'product_retailer_id') || textAt(action, 'parameters', 'thumbnail_product_retailer_id')
  if (asked.products.length > 0) state.products = asked.products.map(({ title, ids }) => ({ title, ids: ids.join('\n') }))
  state.country = textAt(action, 'parameters', 'country') || state.country
  const buttons = (value: unknown): TemplateButton[] => asList(value).map((each) => ({ opens: textAt(each, 'type') === 'web_url', title: textAt(each, 'title'), url: textAt(each, 'url'), payload: textAt(each, 'payload') }))
  if (kind === 'button_template') state.templateButtons = buttons(at(body.interactive, 'buttons'))
  if (kind === 'generic_template') state.cards = asList(at(body.interactive, 'elements')).map((each) => ({ title: textAt(each, 'title'), subtitle: textAt(each, 'subtitle'), image: textAt(each, 'image_url'), buttons: buttons(at(each, 'buttons')) }))
  return state
}
