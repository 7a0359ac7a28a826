/** Templates as the editor works on them: parts in WhatsApp's own form, variables with samples, states with colours. */
import type { Template } from '@/lib/api'

export type Json = string | number | boolean | null | Json[] | { [key: string]: Json }
/** A part, button or card, in the provider's form. */
export type Part = Record<string, Json>
export interface Definition {
  category: Template['definition']['category']
  parameter_format: Template['definition']['parameter_format']
  message_send_ttl_seconds: number | null
  components: Part[]
}

export const CATEGORIES = ['marketing', 'utility', 'authentication', 'service'] as const
/** What a template can be written as: those of the category "service" come from the provider alone. */
export const WRITABLE = ['marketing', 'utility', 'authentication'] as const
export const STATES = ['draft', 'awaiting_approval', 'in_review', 'approved', 'rejected', 'paused', 'disabled', 'in_appeal', 'flagged', 'limit_exceeded', 'locked', 'archived', 'pending_deletion', 'deleted'] as const
export const HEADERS = ['none', 'TEXT', 'IMAGE', 'VIDEO', 'DOCUMENT', 'LOCATION', 'PRODUCT'] as const
export const BUTTONS = ['QUICK_REPLY', 'URL', 'PHONE_NUMBER', 'COPY_CODE', 'FLOW', 'CATALOG', 'MPM', 'SPM'] as const
/** Buttons beside which no other stands: they show products. */
const ALONE = new Set(['catalog', 'mpm', 'spm'])
export const standsAlone = (button: Part | string): boolean => ALONE.has(typeof button === 'string' ? button.toLowerCase() : lower(button.type))
export type Tone = 'brand' | 'success' | 'warning' | 'danger' | 'neutral' | 'muted'

export function tone(status: Template['status']): Tone {
  switch (status) {
    case 'approved': case 'locked':
      return 'success'
    case 'in_review': case 'awaiting_approval': case 'in_appeal': case 'flagged':
      return 'warning'
    case 'rejected': case 'paused': case 'disabled': case 'limit_exceeded':
      return 'danger'
    case 'deleted': case 'archived': case 'pending_deletion':
      return 'muted'
    default:
      return 'neutral'
  }
}

export const lower = (value: Json | undefined): string => (typeof value === 'string' ? value.toLowerCase() : '')
export const text = (value: Json | undefined): string => (typeof value === 'string' ? value : '')
export const items = (value: Json | undefined): Part[] => (Array.isArray(value) ? (value as Part[]) : [])
export const partOf = (parts: readonly Part[], type: string): Part | undefined => parts.find((part) => lower(part.type) === type.toLowerCase())

const ORDER = ['header', 'limited_time_offer', 'body', 'footer', 'buttons', 'carousel']
/** The parts with one of them replaced, added in its usual place, or (with null) taken out. */
export function withPart(parts: readonly Part[], type: string, part: Part | null): Part[] {
  const rest = parts.filter((each) => lower(each.type) !== type.toLowerCase())
  if (!part) return rest
  return [...rest, part].sort((a, b) => ORDER.indexOf(lower(a.type)) - ORDER.indexOf(lower(b.type)))
}

/** The buttons of a template or card. */
export const buttonsOf = (parts: readonly Part[]): Part[] => items(partOf(parts, 'buttons')?.buttons)
/** The parts with a header or set of buttons put in: a product's header and the button that opens it come and go together. */
export function withPaired(parts: readonly Part[], type: 'header' | 'buttons', part: Part | null): Part[] {
  const next = withPart(parts, type, part)
  const shows = lower(partOf(next, 'header')?.format) === 'product'
  const opens = buttonsOf(next).some((each) => lower(each.type) === 'spm')
  if (shows === opens) return next
  if (type === 'buttons') return withPart(next, 'header', opens ? { type: 'HEADER', format: 'PRODUCT' } : null)
  return withPart(next, 'buttons', shows ? { type: 'BUTTONS', buttons: [newButton('SPM')] } : null)
}

/** Names of a text's variables, each once, in order. */
export function variablesOf(value: string): string[] {
  return [...new Set([...value.matchAll(/\{\{\s*([^{}\n]*?)\s*\}\}/g)].map((match) => match[1]!))]
}
export const isPosition = (name: string): boolean => /^\d+$/.test(name)

type Kind = 'header_text' | 'body_text'
/** The sample of a variable. */
export function sampleOf(part: Part | undefined, kind: Kind, name: string): string {
  const example = (part?.example ?? {}) as Part
  const named = items(example[`${kind}_named_params`]).find((each) => each.param_name === name)
  if (named) return text(named.example)
  if (!isPosition(name)) return ''
  const list = (example[kind] ?? []) as Json[]
  const row = Array.isArray(list[0]) ? (list[0] as Json[]) : list
  return text(row[Number(name) - 1])
}
/** The part with one sample set, and only those of variables that its text has. */
export function withSample(part: Part, kind: Kind, format: Definition['parameter_format'], name: string, value: string): Part {
  const names = variablesOf(text(part.text))
  const rest = Object.fromEntries(Object.entries(part).filter(([key]) => key !== 'example'))
  if (names.length === 0) return rest
  const sample = (each: string): string => (each === name ? value : sampleOf(part, kind, each))
  if (format === 'named') return { ...rest, example: { [`${kind}_named_params`]: names.map((each) => ({ param_name: each, example: sample(each) })) } }
  const count = Math.min(100, Math.max(0, ...names.filter(isPosition).map(Number)))
  const row = Array.from({ length: count }, (_, index) => sample(String(index + 1)))
  return { ...rest, example: { [kind]: kind === 'body_text' ? [row] : row } }
}
/** The name of the next variable. */
export function nextVariable(value: string, format: Definition['parameter_format']): string {
  const names = variablesOf(value)
  if (format === 'positional') return String(1 + Math.max(0, ...names.filter(isPosition).map(Number)))
  let number = names.length + 1
  while (names.includes(`value_${number}`)) number += 1
  return `value_${number}`
}

/** A new button of a sort. */
export function newButton(type: string): Part {
  switch (type) {
    case 'URL':
      return { type, text: '', url: 'https://' }
    case 'PHONE_NUMBER':
      return { type, text: '', phone_number: '+' }
    case 'COPY_CODE':
      return { type, example: '' }
    case 'FLOW':
      return { type, text: '', flow_id: '', flow_action: 'navigate' }
    // The labels that WhatsApp itself gives them.
    case 'CATALOG':
      return { type, text: 'View catalog' }
    case 'MPM':
      return { type, text: 'View items' }
    case 'SPM':
      return { type, text: 'View' }
    default:
      return { type, text: '' }
  }
}
export const newCard = (): Part => ({
  components: [{ type: 'HEADER', format: 'IMAGE' }, { type: 'BODY', text: '' }, { type: 'BUTTONS', buttons: [newButton('QUICK_REPLY')] }],
})
/** What a template of a category begins with. */
export function starter(category: Definition['category'], kept?: string): Part[] {
  if (category !== 'authentication') return [{ type: 'BODY', text: kept ?? '' }]
  return [
    { type: 'BODY', add_security_recommendation: true },
    { type: 'FOOTER', code_expiration_minutes: 10 },
    { type: 'BUTTONS', buttons: [{ type: 'OTP', otp_type: 'COPY_CODE', text: 'Copy code' }] },
  ]
}

/** A name as providers take it. */
export const asName = (value: string): string =>
  value.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase().replace(/[^a-z0-9]+/g, '_').replace(/^_+/, '').slice(0, 512)

/** One template in all its languages. */
export interface Group {
  key: string
  name: string
  account: string
  all: Template[]
}
export function grouped(templates: readonly Template[]): Group[] {
  const groups = new Map<string, Group>()
  for (const template of templates) {
    const key = `${template.account}:${template.name}`
    const group = groups.get(key) ?? { key, name: template.name, account: template.account, all: [] }
    group.all.push(template)
    groups.set(key, group)
  }
  return [...groups.values()]
}

/** The one of a template's languages that somebody who reads `language` would like to see: theirs, else English, else the first. */
export function spoken(all: readonly Template[], language: string): Template {
  const speaks = (wanted: string) => all.find((each) => each.language.split('_')[0] === wanted)
  return speaks(language) ?? speaks('en') ?? all[0]!
}

/** A value for a variable, taken from what is known about the contact. */
export function fromContact(name: string, contact: { name: string; phone?: string }): string {
  if (/^(name|first_?name|customer(_name)?|nombre|nome|jina)$/.test(name)) return contact.name.split(' ')[0] ?? ''
  if (/^full_?name$/.test(name)) return contact.name
  return /phone|tel/.test(name) ? (contact.phone ?? '') : ''
}

/** A number with its country code, however it is spaced. */
export const isPhone = (value: string): boolean => /^\+[\d\s().-]+$/.test(value.trim()) && /^\+[1-9]\d{6,14}$/.test(value.replace(/[^+\d]/g, ''))

const VARIABLE = /\{\{\s*([^{}\n]*?)\s*\}\}/g
/** A text part with its variables named or numbered, and their samples as they were. */
function renamed(part: Part, kind: Kind, format: Definition['parameter_format']): Part {
  const before = variablesOf(text(part.text))
  if (before.length === 0) return part
  const named = (name: string, place: number): string => (isPosition(name) ? `value_${name}` : asName(name) || `value_${place + 1}`)
  const after = before.map((name, place) => (format === 'named' ? named(name, place) : String(place + 1)))
  const samples = before.map((name) => sampleOf(part, kind, name))
  const words = text(part.text).replace(VARIABLE, (whole, name: string) => (before.includes(name) ? `{{${after[before.indexOf(name)]!}}}` : whole))
  return after.reduce((each, name, place) => withSample(each, kind, format, name, samples[place]!), { ...part, text: words, example: {} } as Part)
}
/** The definition with its variables turned into the other sort. */
export function withFormat(definition: Definition, format: Definition['parameter_format']): Definition {
  const turn = (parts: readonly Part[]): Part[] =>
    parts.map((part) => {
      if (lower(part.type) === 'header') return renamed(part, 'header_text', format)
      if (lower(part.type) === 'body') return renamed(part, 'body_text', format)
      return lower(part.type) === 'carousel' ? { ...part, cards: items(part.cards).map((card) => ({ ...card, components: turn(items(card.components)) })) } : part
    })
  return { ...definition, parameter_format: format, components: turn(definition.components) }
}
/** The parts with a carousel or an offer put in, or taken out; what may not stand beside it goes. */
export function withSpecial(parts: readonly Part[], type: 'carousel' | 'limited_time_offer', part: Part | null): Part[] {
  const beside = type === 'carousel' ? ['body'] : ['header', 'body', 'buttons']
  const kept = part ? parts.filter((each) => beside.includes(lower(each.type)) && !(type === 'limited_time_offer' && ['text', 'document', 'location', 'product'].includes(lower(each.format))) && !buttonsOf([each]).some(standsAlone)) : parts
  return withPart(kept, type, part)
}
