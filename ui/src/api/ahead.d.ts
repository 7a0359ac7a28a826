/**
 * What the app uses of the API before the generated document describes it: search and the test phone. An address that
 * the document has, wins; this file goes when it has them all.
 */
import type { components } from './schema'

type S = components['schemas']

export interface SearchHit {
  kind: 'message' | 'contact' | 'note'
  id: string
  conversation_id: string | null
  contact: S['AssigneeView'] | null
  snippet: { text: string; hit: boolean }[]
  created_at: string
  score: number
}
export interface Customer {
  wa_id: string
  name: string
  phone: string
  language: string | null
  unread?: number
  business_typing?: boolean
  last_message?: { direction: 'inbound' | 'outbound'; preview: string; created_at: string } | null
}
export interface PhoneMessage {
  id: string
  direction: 'inbound' | 'outbound'
  type: string
  context_id?: string | null
  reactions?: { emoji: string; direction: 'inbound' | 'outbound' }[]
  created_at: string
  status: string
  error?: { code: string | number; title: string } | null
  [content: string]: unknown
}
export interface Faults { delay_ms: number; refuse_next: number; drop_answer_next: number; down: boolean; duplicate_webhooks: boolean; reorder_webhooks: boolean }

type Refusals = { content: { 'application/problem+json': S['Problem'] } }
type Answer<T> = { content: { 'application/json': T } }
type Plain = { query?: never; header?: never; path?: never; cookie?: never }
type Page = { query?: { limit?: number; cursor?: string }; header?: never; path?: never; cookie?: never }
type Person = { path: { wa_id: string }; query?: { limit?: number; cursor?: string }; header?: never; cookie?: never }
type List<T> = { 200: Answer<{ items: T[]; next_cursor: string | null }> }
type Gone = { 204: { content?: never } }
type Call<Params, Input, Ok> = { parameters: Params; responses: Ok & { default: Refusals } } & ([Input] extends [never]
  ? { requestBody?: never }
  : { requestBody: { content: { 'application/json': Input } } })

export interface AheadPaths {
  '/search': {
    get: Call<{ query: { q: string; in?: string; limit?: number; cursor?: string } }, never, { 200: Answer<{ items: SearchHit[]; next_cursor: string | null; fuzzy: boolean; took_ms: number }> }>
  }
  '/settings/alerts/test': { post: Call<Plain, never, { 200: Answer<S['TestView']> }> }
  '/sandbox/customers': {
    get: Call<Page, never, List<Customer>>
    post: Call<Plain, { name: string; phone: string; language: string }, { 201: Answer<Customer> }>
  }
  '/sandbox/customers/{wa_id}/messages': {
    get: Call<Person, never, List<PhoneMessage>>
    post: Call<Person, { type: string; [content: string]: unknown }, { 201: Answer<PhoneMessage> }>
  }
  '/sandbox/customers/{wa_id}/typing': { post: Call<Person, never, Gone> }
  '/sandbox/customers/{wa_id}/read': { post: Call<Person, never, Gone> }
  '/sandbox/faults': { get: Call<Plain, never, { 200: Answer<Faults> }>; put: Call<Plain, Faults, { 200: Answer<Faults> }> }
}
