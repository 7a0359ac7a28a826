/** Reading what others wrote: every field may be missing, of another type, or hostile. Nothing here throws. */
export type Loose = Record<string, unknown>
export const asObject = (value: unknown): Loose => (typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Loose) : {})
export const asText = (value: unknown): string => (typeof value === 'string' ? value : typeof value === 'number' && Number.isFinite(value) ? String(value) : '')
export const asList = (value: unknown): unknown[] => (Array.isArray(value) ? value : [])
export const at = (value: unknown, ...path: string[]): unknown => path.reduce<unknown>((inner, key) => asObject(inner)[key], value)
export const textAt = (value: unknown, ...path: string[]): string => asText(at(value, ...path))
export const numberOf = (value: unknown): number | null => {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
  return typeof number === 'number' && Number.isFinite(number) ? number : null
}
/** A web address that may be opened; anything else (javascript:, data:, a host without scheme) is none. */
export function webAddress(value: unknown): string | null {
  const text = asText(value)
  if (!/^https?:\/\//i.test(text)) return null
  try {
    return new URL(text).href
  } catch {
    return null
  }
}

/** A place on earth, or null if the coordinates are none. */
export interface Place { latitude: number; longitude: number; name: string; address: string }
export function placeOf(content: unknown): Place | null {
  const latitude = numberOf(at(content, 'latitude'))
  const longitude = numberOf(at(content, 'longitude'))
  if (latitude === null || longitude === null || Math.abs(latitude) > 90 || Math.abs(longitude) > 180) return null
  return { latitude, longitude, name: textAt(content, 'name'), address: textAt(content, 'address') }
}
/** Opens in whatever the device uses for maps; on computers in the browser. Made of numbers only. */
export const mapLink = ({ latitude, longitude }: Place): string => `https://www.openstreetmap.org/?mlat=${latitude}&mlon=${longitude}#map=16/${latitude}/${longitude}`
export const geoLink = ({ latitude, longitude }: Place): string => `geo:${latitude},${longitude}?q=${latitude},${longitude}`

/** A contact card. */
export interface Person { name: string; company: string; phones: { phone: string; type: string }[]; emails: string[]; urls: string[]; address: string; birthday: string }
const MAX_CARDS = 20
const MAX_ENTRIES = 20
export function peopleOf(content: unknown): Person[] {
  return asList(content).slice(0, MAX_CARDS).map((card) => ({
    name: textAt(card, 'name', 'formatted_name') || [textAt(card, 'name', 'first_name'), textAt(card, 'name', 'last_name')].filter(Boolean).join(' '),
    company: [textAt(card, 'org', 'title'), textAt(card, 'org', 'department'), textAt(card, 'org', 'company')].filter(Boolean).join(', '),
    phones: asList(at(card, 'phones')).slice(0, MAX_ENTRIES).map((each) => ({ phone: textAt(each, 'phone') || textAt(each, 'wa_id'), type: textAt(each, 'type') })).filter((each) => each.phone),
    emails: asList(at(card, 'emails')).slice(0, MAX_ENTRIES).map((each) => textAt(each, 'email')).filter(Boolean),
    urls: asList(at(card, 'urls')).slice(0, MAX_ENTRIES).map((each) => textAt(each, 'url')).filter(Boolean),
    address: asList(at(card, 'addresses')).slice(0, 1).map((each) => ['street', 'city', 'state', 'zip', 'country'].map((key) => textAt(each, key)).filter(Boolean).join(', ')).join(''),
    birthday: textAt(card, 'birthday'),
  }))
}
const escaped = (text: string): string => text.replace(/[\\;,]/g, '\\$&').replace(/\r?\n/g, '\\n')
/** The card as a file that address books open (vCard 3.0). */
export function vcard(person: Person): string {
  const lines = ['BEGIN:VCARD', 'VERSION:3.0', `FN:${escaped(person.name)}`, `N:${escaped(person.name)};;;;`]
  if (person.company) lines.push(`ORG:${escaped(person.company)}`)
  for (const { phone } of person.phones) lines.push(`TEL:${escaped(phone)}`)
  for (const email of person.emails) lines.push(`EMAIL:${escaped(email)}`)
  for (const url of person.urls) lines.push(`URL:${escaped(url)}`)
  return [...lines, 'END:VCARD', ''].join('\r\n')
}

/** A cart. Prices are in major units, per piece. */
export interface OrderItem { id: string; quantity: number; price: number | null; currency: string }
export interface Order { catalog: string; text: string; items: OrderItem[]; totals: { currency: string; amount: number }[] }
const MAX_ITEMS = 100
export function orderOf(content: unknown): Order {
  const items = asList(at(content, 'product_items')).slice(0, MAX_ITEMS).map((each) => ({
    id: textAt(each, 'product_retailer_id'), quantity: numberOf(at(each, 'quantity')) ?? 1,
    price: numberOf(at(each, 'item_price')), currency: textAt(each, 'currency'),
  }))
  const sums = new Map<string, number>()
  for (const item of items) if (item.price !== null) sums.set(item.currency, (sums.get(item.currency) ?? 0) + item.price * item.quantity)
  return { catalog: textAt(content, 'catalog_id'), text: textAt(content, 'text'), items, totals: [...sums].map(([currency, amount]) => ({ currency, amount })) }
}

/** A file that a message points to: one of ours by its id, or an address. */
export interface FileRef { kind: 'image' | 'video' | 'document'; id: string; url: string | null }
const FILE_KINDS = ['image', 'video', 'document'] as const
const fileKind = (kind: string): FileRef['kind'] => FILE_KINDS.find((each) => each === kind) ?? 'document'
function fileOf(header: unknown): FileRef | null {
  const kind = textAt(header, 'type')
  if (kind === '' || kind === 'text') return null
  const file = at(header, kind)
  return { kind: fileKind(kind), id: textAt(file, 'media_id') || textAt(file, 'id'), url: webAddress(at(file, 'link')) }
}

/** What an interactive message of ours offers. */
export interface Option { id: string; title: string; description: string; kind?: string }
export interface Asked {
  kind: string
  header: string
  /** What stands above the words instead of a text. */
  headerFile: FileRef | null
  /** The product that stands there. */
  headerProduct: string
  body: string
  footer: string
  buttons: Option[]
  /** What the customer's app is asked for by a tap: `user_phone_number`, `user_email`. */
  asks: string[]
  listButton: string
  sections: { title: string; rows: Option[] }[]
  link: { label: string; url: string } | null
  catalog: string
  products: { title: string; ids: string[] }[]
  flow: { label: string; id: string } | null
  cards: { title: string; file: FileRef | null; body: string; link: { label: string; url: string } | null; links: { label: string; url: string }[]; buttons: Option[]; product: string }[]
  links: { label: string; url: string }[]
}
const option = (value: unknown): Option => ({ id: textAt(value, 'id'), title: textAt(value, 'title'), description: textAt(value, 'description') })
const linkOf = (value: unknown): Asked['link'] => {
  const parameters = at(value, 'action', 'parameters')
  const url = textAt(parameters, 'url')
  return url ? { label: textAt(parameters, 'display_text'), url } : null
}
/** Instagram's buttons: those that open a page, and those that answer. */
function splitButtons(value: unknown): { links: Asked['links']; buttons: Option[] } {
  const all = asList(value).slice(0, 10)
  return {
    links: all.filter((each) => textAt(each, 'type') === 'web_url').map((each) => ({ label: textAt(each, 'title'), url: textAt(each, 'url') })),
    buttons: all.filter((each) => textAt(each, 'type') !== 'web_url').map((each) => ({ id: textAt(each, 'payload'), title: textAt(each, 'title'), description: '' })),
  }
}
function pictureAt(address: unknown): FileRef | null {
  const url = webAddress(address)
  return url ? { kind: 'image', id: '', url } : null
}
function cardsOf(content: unknown): Asked['cards'] {
  const elements = asList(at(content, 'elements')).slice(0, 10).map((card) => ({
    title: textAt(card, 'title'), file: pictureAt(at(card, 'image_url')), body: textAt(card, 'subtitle'), link: null, product: '', ...splitButtons(at(card, 'buttons')),
  }))
  const cards = asList(at(content, 'action', 'cards')).slice(0, 10).map((card) => ({
    title: '', file: fileOf(at(card, 'header')), body: textAt(card, 'body', 'text'), link: linkOf(card), links: [],
    buttons: asList(at(card, 'action', 'buttons')).slice(0, 10).map((button) => option(at(button, 'quick_reply'))).filter((each) => each.title), product: textAt(card, 'action', 'product_retailer_id'),
  }))
  return [...elements, ...cards]
}
export function askedOf(content: unknown): Asked {
  const kind = textAt(content, 'type')
  const own = splitButtons(at(content, 'buttons'))
  const action = at(content, 'action')
  const header = at(content, 'header')
  const parameters = at(action, 'parameters')
  const productSections = asList(at(action, 'sections')).map((section) => ({
    title: textAt(section, 'title'), ids: asList(at(section, 'product_items')).map((item) => textAt(item, 'product_retailer_id')).filter(Boolean),
  }))
  const single = textAt(action, 'product_retailer_id')
  return {
    kind,
    header: textAt(header, 'text'),
    headerFile: fileOf(header),
    headerProduct: '',
    body: textAt(content, 'body', 'text'),
    footer: textAt(content, 'footer', 'text'),
    buttons: [...asList(at(action, 'buttons')).map((button) => option(at(button, 'reply'))), ...own.buttons].filter((each) => each.title),
    links: own.links,
    asks: asList(at(action, 'buttons')).map((button) => textAt(button, 'type')).filter((type) => type === 'user_phone_number' || type === 'user_email'),
    listButton: kind === 'list' ? textAt(action, 'button') : '',
    sections: kind === 'list' ? asList(at(action, 'sections')).map((section) => ({ title: textAt(section, 'title'), rows: asList(at(section, 'rows')).map(option) })) : [],
    link: kind === 'cta_url' ? linkOf(content) : null,
    catalog: textAt(action, 'catalog_id'),
    products: kind === 'product_list' ? productSections : single ? [{ title: '', ids: [single] }] : [],
    flow: kind === 'flow' ? { label: textAt(parameters, 'flow_cta'), id: textAt(parameters, 'flow_id') || textAt(parameters, 'flow_name') } : null,
    cards: cardsOf(content),
  }
}

/** Buttons of a template that was sent: those that lead somewhere, and those that answer. */
function templateButtons(value: unknown): { links: Asked['links']; buttons: Option[] } {
  const all = asList(value).slice(0, 10)
  const leads = (each: unknown): boolean => textAt(each, 'kind') === 'url'
  return {
    links: all.filter(leads).map((each) => ({ label: textAt(each, 'text'), url: textAt(each, 'target') })),
    buttons: all.filter((each) => !leads(each)).map((each) => ({ id: '', title: textAt(each, 'text') || textAt(each, 'target') || textAt(each, 'kind'), description: '', kind: textAt(each, 'kind') })),
  }
}
function shownFile(header: unknown): FileRef | null {
  const format = textAt(header, 'format')
  const media = textAt(header, 'media')
  return ['image', 'video', 'document', 'gif'].includes(format) ? { kind: fileKind(format === 'gif' ? 'video' : format), id: media, url: webAddress(media) } : null
}
/** Products that the buttons of a template show. */
function templateProducts(shown: unknown): Asked['products'] {
  const shelves = asList(at(shown, 'buttons')).slice(0, 10).flatMap((button) => asList(at(button, 'products', 'sections')).slice(0, 10))
  return shelves.map((section) => ({ title: textAt(section, 'title'), ids: asList(at(section, 'products')).slice(0, MAX_ITEMS).map(asText).filter(Boolean) }))
}
/** What the customer sees of a template that was sent, as it stood then; null where that was not kept. */
export function shownOf(content: unknown): Asked | null {
  const shown = at(content, 'shown')
  if (Object.keys(asObject(shown)).length === 0) return null
  const cards = asList(at(shown, 'cards')).slice(0, 10).map((card) => ({
    title: textAt(card, 'header', 'text'), file: shownFile(at(card, 'header')), body: textAt(card, 'body'), link: null, product: textAt(card, 'header', 'product'), ...templateButtons(at(card, 'buttons')),
  }))
  return {
    ...askedOf({}), kind: 'template', header: textAt(shown, 'header', 'text'), headerFile: shownFile(at(shown, 'header')), headerProduct: textAt(shown, 'header', 'product'),
    body: [textAt(shown, 'offer'), textAt(shown, 'body')].filter(Boolean).join('\n'), footer: textAt(shown, 'footer'), products: templateProducts(shown), ...templateButtons(at(shown, 'buttons')), cards,
  }
}

/** What a customer answered to an interactive message. */
export interface Answered { kind: 'button' | 'list' | 'flow' | 'address' | 'permission'; title: string; description: string; fields: [name: string, value: string][] }
/** Names that tell people nothing. */
const MACHINE = new Set(['flow_token', 'wa_flow_response_params'])
function fieldsOf(json: string): [string, string][] {
  let read: unknown
  try {
    read = JSON.parse(json)
  } catch {
    return [] // shown as received instead
  }
  const show = (value: unknown): string => (typeof value === 'object' && value !== null ? JSON.stringify(value) : typeof value === 'boolean' ? (value ? '✓' : '✗') : asText(value))
  return Object.entries(asObject(read)).filter(([name]) => !MACHINE.has(name)).slice(0, 50).map(([name, value]) => [name, show(value)])
}
export function answeredOf(content: unknown): Answered | null {
  const kind = textAt(content, 'type')
  const make = (made: Answered['kind'], from: unknown, fields: [string, string][] = []): Answered => ({ kind: made, title: textAt(from, 'title'), description: textAt(from, 'description'), fields })
  if (kind === 'button_reply') return make('button', at(content, 'button_reply'))
  if (kind === 'list_reply') return make('list', at(content, 'list_reply'))
  if (kind === 'call_permission_reply') return { kind: 'permission', title: textAt(content, 'call_permission_reply', 'response'), description: '', fields: [] }
  if (kind !== 'nfm_reply') return null
  const reply = at(content, 'nfm_reply')
  return { kind: textAt(reply, 'name') === 'address_message' ? 'address' : 'flow', title: textAt(reply, 'body'), description: '', fields: fieldsOf(textAt(reply, 'response_json')) }
}

/** The advertisement or post by which a customer came. */
export interface Referral { headline: string; body: string; url: string | null; kind: string; welcome: string }
export function referralOf(extra: unknown): Referral | null {
  const referral = at(extra, 'referral')
  if (Object.keys(asObject(referral)).length === 0) return null
  return {
    headline: textAt(referral, 'headline'), body: textAt(referral, 'body'), url: webAddress(at(referral, 'source_url')),
    kind: textAt(referral, 'source_type'), welcome: textAt(referral, 'welcome_message', 'text'),
  }
}
export interface Trouble { code: string; title: string; detail: string }
/** Errors that the provider attached to an inbound message. */
export function troublesOf(...from: unknown[]): Trouble[] {
  const errors = from.flatMap((each) => asList(at(each, 'errors')))
  const read = errors.slice(0, 5).map((error) => ({
    code: textAt(error, 'code'), title: textAt(error, 'title') || textAt(error, 'message'),
    detail: textAt(error, 'error_data', 'details') || textAt(error, 'details'),
  }))
  return read.filter((each, index) => (each.code || each.title) && read.findIndex((other) => other.code === each.code && other.title === each.title) === index)
}
