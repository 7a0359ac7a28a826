/** Filling a snippet's variables, and finding snippets by what was typed. */
import { fold } from '@/lib/fold'
import type { Snippet } from '@/lib/api'

export const VARIABLES = ['contact.name', 'contact.first_name', 'contact.phone', 'agent.name', 'agent.first_name', 'business.name'] as const
export type Variable = (typeof VARIABLES)[number]
export type Values = Partial<Record<Variable, string>>
export const MAX_TEXT = 4096

const firstName = (name: string): string => name.trim().split(/\s+/)[0] ?? ''
export function valuesFrom(contact: { name: string; identities: { kind: string; value: string }[] }, agent: string, business: string): Values {
  const phone = contact.identities.find((each) => each.kind === 'phone' || each.kind === 'whatsapp_id')?.value ?? ''
  // Somebody without a name is shown by their number, which is no name to greet them by.
  const name = /\p{L}/u.test(contact.name) ? contact.name : ''
  return {
    'contact.name': name, 'contact.first_name': firstName(name), 'contact.phone': phone && !phone.startsWith('+') ? `+${phone}` : phone,
    'agent.name': agent, 'agent.first_name': firstName(agent), 'business.name': business,
  }
}

/** What marks a value that is missing, until somebody writes one. */
export const mark = (variable: string): string => `⟨${variable}⟩`
const MARK = /⟨[a-z_.]+⟩/
export const marked = (text: string): boolean => MARK.test(text)

export function fill(text: string, values: Values): string {
  return text.replace(/\{\{\s*([a-z_.]+)\s*\}\}/g, (whole, name: string) =>
    (VARIABLES as readonly string[]).includes(name) ? values[name as Variable] || mark(name) : whole,
  )
}
/** The first name in double braces that is no variable. */
export function unknownVariable(text: string): string | null {
  for (const [, name] of text.matchAll(/\{\{([^}]*)\}\}/g)) if (!(VARIABLES as readonly string[]).includes(name!.trim())) return name!.trim()
  return null
}

/** Those whose name begins with it first, then those with all its words anywhere. */
export function findSnippets(all: readonly Snippet[], query: string, most: number): Snippet[] {
  const words = fold(query).split(/\s+/).filter(Boolean)
  const hit = all.filter((each) => words.every((word) => fold(`${each.name} ${each.text}`).includes(word)))
  const begins = (each: Snippet): number => (fold(each.name).startsWith(fold(query).trim()) ? 0 : 1)
  return hit.sort((a, b) => begins(a) - begins(b) || a.name.localeCompare(b.name)).slice(0, most)
}
