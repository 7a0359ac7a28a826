/** What a message of a template needs filled in, what stands in the way of sending it, and the message that comes of it. */
import { idsIn } from '@/features/inbox/builder/model'
import type { Template } from '@/lib/api'
import { fromContact, isPosition, items, type Json, lower, type Part, partOf, sampleOf, text, variablesOf } from './model'

const FILES = ['image', 'video', 'document', 'gif'] as const
type FileFormat = (typeof FILES)[number]
export interface NeededButton { index: number; label: string; kind: string; sample: string }
/** The needs of the message itself, or of one card. */
export interface Scope {
  header: 'text' | 'location' | 'product' | FileFormat | null
  /** The file that stands in the template as its sample. */
  sample: string
  /** Its samples in words, for a test. */
  words: { header: string; body: Record<string, string> }
  body: string[]
  buttons: NeededButton[]
  /** Buttons that show products: several that are chosen, or the whole catalogue. */
  shelves: { index: number; label: string; kind: 'mpm' | 'catalog' }[]
  /** Quick replies get a payload in cards, so that it is known which card was tapped. */
  replies: { index: number; label: string }[]
}
export interface Needs { main: Scope; cards: Scope[]; offer: boolean; code: boolean }
export interface FileChoice { media_id?: string; link?: string }
/** Products by their ids in the catalogue, one a line, under headings; and the one whose picture stands above. */
export interface ShelfFill { thumbnail: string; sections: { title: string; ids: string }[] }
export const MAX_SECTIONS = 10
export const MAX_PRODUCTS = 30
export const MAX_SECTION_TITLE = 24
export interface ScopeFill {
  header: string
  file: FileChoice
  place: { latitude: string; longitude: string; name: string; address: string }
  product: { catalog: string; id: string }
  values: Record<string, string>
  buttons: Record<number, string>
  shelves: Record<number, ShelfFill>
}
export interface Fill { main: ScopeFill; cards: ScopeFill[]; offerEnds: string }

export const isFile = (header: Scope['header']): header is FileFormat => (FILES as readonly (string | null)[]).includes(header)

/** A link's sample may be the whole address; only its end is filled in. */
function buttonSample(button: Part): string {
  const sample = text(Array.isArray(button.example) ? button.example[0] : button.example)
  const before = (text(button.track_to) || text(button.url)).split('{{', 1)[0]!
  return before && sample.startsWith(before) ? sample.slice(before.length) : sample
}
function scopeOf(parts: readonly Part[]): Scope {
  const header = partOf(parts, 'header')
  const format = lower(header?.format) || 'text'
  const isText = format === 'text'
  const wants = header && (isText ? variablesOf(text(header.text)).length > 0 : isFile(format as Scope['header']) || format === 'location' || format === 'product')
  const buttons = items(partOf(parts, 'buttons')?.buttons)
  const body = partOf(parts, 'body')
  const names = variablesOf(text(body?.text))
  return {
    words: { header: wants && isText ? sampleOf(header, 'header_text', variablesOf(text(header.text))[0]!) : '', body: Object.fromEntries(names.map((name) => [name, sampleOf(body, 'body_text', name)])) },
    header: wants ? (format as Scope['header']) : null,
    sample: text(((header?.example ?? {}) as Part).media_id),
    body: names,
    buttons: buttons.flatMap((button, index) => {
      const kind = lower(button.type)
      return (kind === 'url' && variablesOf(text(button.track_to) || text(button.url)).length > 0) || kind === 'copy_code' ? [{ index, label: text(button.text) || kind, kind, sample: buttonSample(button) }] : []
    }),
    shelves: buttons.flatMap((button, index) => {
      const kind = lower(button.type)
      return kind === 'mpm' || kind === 'catalog' ? [{ index, label: text(button.text) || kind, kind }] : []
    }),
    replies: buttons.flatMap((button, index) => (lower(button.type) === 'quick_reply' ? [{ index, label: text(button.text) }] : [])),
  }
}
const livePartsOf = (template: Template): Part[] => (template.live ?? template.definition).components as Part[]
export function needsOf(template: Template): Needs {
  const parts = livePartsOf(template)
  const offer = (partOf(parts, 'limited_time_offer')?.limited_time_offer ?? {}) as Part
  const main = scopeOf(parts)
  return {
    // An authentication template's own words have their variables without a text that shows them.
    main: { ...main, body: template.variables },
    cards: items(partOf(parts, 'carousel')?.cards).map((card) => scopeOf(items(card.components))),
    offer: offer.has_expiration === true,
    code: items(partOf(parts, 'buttons')?.buttons).some((button) => lower(button.type) === 'otp'),
  }
}

const blankScope = (scope: Scope, value: (name: string) => string, samples: boolean): ScopeFill => ({
  header: samples ? scope.words.header : '', file: scope.sample ? { media_id: scope.sample } : {}, place: { latitude: '', longitude: '', name: '', address: '' }, product: { catalog: '', id: '' },
  values: Object.fromEntries(scope.body.map((name) => [name, value(name)])), buttons: samples ? Object.fromEntries(scope.buttons.map((button) => [button.index, button.sample])) : {},
  shelves: Object.fromEntries(scope.shelves.map((shelf) => [shelf.index, { thumbnail: '', sections: [{ title: '', ids: '' }] }])),
})
const DAY_MS = 86_400_000
/** Tomorrow at this time, as a field for date and time takes it. */
function tomorrow(): string {
  const at = new Date(Date.now() + DAY_MS)
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16)
}
/** Empty fields; what is known of the contact stands there already. For a test (without a contact) the samples do. */
export function blankFill(needs: Needs, contact?: { name: string; phone?: string }, samples = false): Fill {
  // Most first variables are the customer's name; a code's is not.
  const first = (name: string): string => (name === '1' && !needs.code ? 'name' : name)
  const sample = (scope: Scope) => (name: string): string => (samples ? (scope.words.body[name] ?? '') || (needs.code ? '123456' : '') : '')
  return {
    main: blankScope(needs.main, contact ? (name) => fromContact(first(name), contact) : sample(needs.main), samples),
    cards: needs.cards.map((card) => blankScope(card, sample(card), samples)),
    offerEnds: samples && needs.offer ? tomorrow() : '',
  }
}

export type Fault = 'missing' | 'blanks' | 'degrees' | 'web' | 'code' | 'past' | 'many'
export interface Trouble { field: string; fault: Fault }
const isWeb = (value: string): boolean => /^https:\/\/[^\s/]+\S*$/i.test(value)
/** WhatsApp takes no tabs, no line breaks and no more than four blanks in a row. */
const isPlain = (value: string): boolean => !/[\n\t\r]| {5}/.test(value)
const degrees = (value: string): number => (value.trim() === '' ? Number.NaN : Number(value.trim().replace(',', '.')))

function scopeTroubles(scope: Scope, fill: ScopeFill, at: string): Trouble[] {
  const found: Trouble[] = []
  const words = (field: string, value = '', good: (value: string) => Fault | null = () => null): void => {
    const fault = value.trim() === '' ? 'missing' : !isPlain(value) ? 'blanks' : good(value.trim())
    if (fault) found.push({ field: `${at}.${field}`, fault })
  }
  if (scope.header === 'text') words('header', fill.header)
  if (isFile(scope.header) && !fill.file.media_id) words('file', fill.file.link, (link) => (isWeb(link) ? null : 'web'))
  if (scope.header === 'location') {
    for (const [name, most] of [['latitude', 90], ['longitude', 180]] as const) words(name, fill.place[name], (value) => (Math.abs(degrees(value)) <= most ? null : 'degrees'))
  }
  if (scope.header === 'product') {
    words('catalog', fill.product.catalog)
    words('product', fill.product.id)
  }
  for (const name of scope.body) words(`values.${name}`, fill.values[name])
  for (const button of scope.buttons) words(`buttons.${button.index}`, fill.buttons[button.index], (value) => (button.kind === 'copy_code' && !/^[a-z0-9]{1,20}$/i.test(value) ? 'code' : null))
  for (const shelf of scope.shelves) if (shelf.kind === 'mpm') found.push(...shelfTroubles(fill.shelves[shelf.index], `${at}.shelves.${shelf.index}`))
  return found
}
export const countOf = (shelf: ShelfFill | undefined): number => (shelf?.sections ?? []).reduce((sum, section) => sum + idsIn(section.ids).length, 0)
/** Each section needs a product, with several of them each a heading too. */
function shelfTroubles(shelf: ShelfFill | undefined, at: string): Trouble[] {
  const sections = shelf?.sections ?? []
  const found: Trouble[] = sections.flatMap((section, index) => [
    ...(sections.length > 1 && section.title.trim() === '' ? [{ field: `${at}.${index}.title`, fault: 'missing' as const }] : []),
    ...(idsIn(section.ids).length === 0 ? [{ field: `${at}.${index}.ids`, fault: 'missing' as const }] : []),
  ])
  if (countOf(shelf) > MAX_PRODUCTS) found.push({ field: `${at}.${sections.length - 1}.ids`, fault: 'many' })
  return found
}
/** Everything that stands in the way; fields are named as `main.values.1` or `cards.0.file`. */
export function troublesOf(needs: Needs, fill: Fill, now = Date.now()): Trouble[] {
  const ends = Date.parse(fill.offerEnds)
  const offer: Trouble[] = !needs.offer || ends > now ? [] : [{ field: 'offer', fault: Number.isNaN(ends) ? 'missing' : 'past' }]
  return [...offer, ...scopeTroubles(needs.main, fill.main, 'main'), ...needs.cards.flatMap((card, index) => scopeTroubles(card, fill.cards[index]!, `cards.${index}`))]
}

const trimmed = (value = ''): string => value.trim()
/** What a button that shows products is told; null where the whole catalogue opens as it is. */
function shelfAction(kind: 'mpm' | 'catalog', shelf: ShelfFill | undefined): Part | null {
  const thumbnail = trimmed(shelf?.thumbnail)
  if (kind === 'catalog') return thumbnail ? { thumbnail_product_retailer_id: thumbnail } : null
  const sections = (shelf?.sections ?? []).map((section): Part => ({ ...(trimmed(section.title) && { title: trimmed(section.title) }), product_items: idsIn(section.ids).map((id) => ({ product_retailer_id: id })) }))
  const filled = sections.filter((section) => items(section.product_items).length > 0)
  const first = text(items(filled[0]?.product_items)[0]?.product_retailer_id)
  return { thumbnail_product_retailer_id: thumbnail || first, sections: filled }
}
function fileOf(choice: FileChoice): Part {
  return choice.media_id ? { media_id: choice.media_id } : { link: trimmed(choice.link) }
}
function headerOf(scope: Scope, fill: ScopeFill, part: Part | undefined): Part | null {
  if (scope.header === null) return null
  if (isFile(scope.header)) return { type: scope.header, [scope.header]: fileOf(fill.file) }
  if (scope.header === 'product') return { type: 'product', product: { catalog_id: trimmed(fill.product.catalog), product_retailer_id: trimmed(fill.product.id) } }
  if (scope.header === 'location') {
    const { latitude, longitude, name, address } = fill.place
    return { type: 'location', location: { latitude: String(degrees(latitude)), longitude: String(degrees(longitude)), ...(trimmed(name) && { name: trimmed(name) }), ...(trimmed(address) && { address: trimmed(address) }) } }
  }
  const name = variablesOf(text(part?.text))[0]
  return { type: 'text', ...(name && !isPosition(name) ? { parameter_name: name } : {}), text: trimmed(fill.header) }
}
function componentsOf(scope: Scope, fill: ScopeFill, parts: readonly Part[]): Part[] {
  const found: Part[] = []
  const header = headerOf(scope, fill, partOf(parts, 'header'))
  if (header) found.push({ type: 'header', parameters: [header] })
  if (scope.body.length > 0) found.push({ type: 'body', parameters: scope.body.map((name) => ({ type: 'text', ...(isPosition(name) ? {} : { parameter_name: name }), text: trimmed(fill.values[name]) })) })
  for (const { index, kind } of scope.buttons) {
    const value = trimmed(fill.buttons[index])
    found.push({ type: 'button', sub_type: kind, index, parameters: [kind === 'copy_code' ? { type: 'coupon_code', coupon_code: value } : { type: 'text', text: value }] })
  }
  for (const { index, kind } of scope.shelves) {
    const action = shelfAction(kind, fill.shelves[index])
    if (action) found.push({ type: 'button', sub_type: kind, index, parameters: [{ type: 'action', action }] })
  }
  return found
}
/** WhatsApp's own form, which alone has room for cards and offers. */
function longForm(template: Template, needs: Needs, fill: Fill): Part {
  const parts = livePartsOf(template)
  const components = componentsOf(needs.main, fill.main, parts)
  if (needs.offer) components.push({ type: 'limited_time_offer', parameters: [{ type: 'limited_time_offer', limited_time_offer: { expiration_time_ms: Date.parse(fill.offerEnds) || 0 } }] })
  const own = items(partOf(parts, 'carousel')?.cards)
  if (own.length > 0) {
    const cards = needs.cards.map((scope, index): Part => {
      const replies = scope.replies.map((reply): Part => ({ type: 'button', sub_type: 'quick_reply', index: reply.index, parameters: [{ type: 'payload', payload: `card-${index + 1}: ${reply.label}` }] }))
      return { card_index: index, components: [...componentsOf(scope, fill.cards[index]!, items(own[index]?.components)), ...replies] }
    })
    components.push({ type: 'carousel', cards })
  }
  return { name: template.name, language: template.language, components }
}

/** The message's `template`: the short form where that is enough. */
export function messageOf(template: Template, fill: Fill): Part {
  const needs = needsOf(template)
  if (needs.offer || needs.cards.length > 0) return longForm(template, needs, fill)
  const { main } = needs
  const message: Part = { name: template.name, language: template.language }
  if (main.body.length > 0) {
    const value = (name: string): string => trimmed(fill.main.values[name])
    message.variables = main.body.every(isPosition) ? main.body.map((_, index) => value(String(index + 1))) : Object.fromEntries(main.body.map((name) => [name, value(name)]))
  }
  const header = headerOf(main, fill.main, partOf(livePartsOf(template), 'header'))
  if (header) message.header = header.type === 'text' && !header.parameter_name ? header.text! : header
  const buttons: Json[] = main.buttons.flatMap(({ index, kind }) => {
    const value = trimmed(fill.main.buttons[index])
    return value ? [{ index, ...(kind === 'copy_code' ? { coupon_code: value } : { text: value }) }] : []
  })
  for (const { index, kind } of main.shelves) {
    const action = shelfAction(kind, fill.main.shelves[index])
    if (action) buttons.push({ index, sub_type: kind, action })
  }
  // The button of a one-time code copies the code that stands in the text.
  // Twilio's code templates have one variable.
  if (needs.code && !template.provider_id?.startsWith('HX') && trimmed(fill.main.values['1'])) buttons.push({ index: 0, sub_type: 'url', text: trimmed(fill.main.values['1']) })
  if (buttons.length > 0) message.buttons = buttons
  return message
}
