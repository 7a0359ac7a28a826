/**
 * API types of set-up, settings, system and the test phone, in the shape `openapi-typescript` writes. Written by hand
 * after the API agreement and merged into `schema.d.ts`; the generated document replaces both.
 */
import type { components } from './schema'

type Base = components['schemas']

export interface Check {
  name: string
  ok: boolean
  detail: string
}
export interface Operations {
  Channel: Base['Channel']
  Message: Base['Message']
  User: Base['User']
  ChannelTest: { ok: boolean; checks: Check[] }
  NewChannel: { provider: string; name: string; settings?: Record<string, string>; secrets?: Record<string, string> }
  ChannelPatch: { name?: string; settings?: Record<string, string>; secrets?: Record<string, string>; paused?: boolean }
  LoginSession: { id: string; created_at: string; last_used_at: string; expires_at: string; user_agent: string; current: boolean }
  Token: { id: string; name: string; user_id: string; created_at: string }
  NewToken: { id: string; name: string; token: string }
  Alert: {
    id: string
    kind: string
    severity?: 'info' | 'warning' | 'critical'
    title: string
    detail: string | null
    channel_id?: string | null
    raised_at: string
    cleared_at?: string | null
    subject?: string
    acknowledged_by?: { id: string; name: string } | null
  }
  AlertSettings: { email: string | null; webhook_url: string | null }
  System: {
    version: string
    started_at: string
    state: 'ok' | 'read_only'
    state_reason: string | null
    actors: { name: string; kind: string; state: string; restarts: number; mailbox: number; last_error: string | null; since?: string }[]
    conversations_running?: number
    queues: {
      channel_id: string
      channel_name: string
      queued: number
      active: number
      doubtful: number
      dead: number
      more?: boolean
      rate_per_s: number
      breaker: { state: string; reason?: string | null } | string | null
    }[]
    storage: { journal_bytes: number; journal_segments: number; store_bytes: number; last_seq: number; free_bytes: number; min_free_bytes?: number; damaged_records?: number }
    search: { position: number; lag: number; documents: number } | null
    raw_events: { pending: number; parked: number; done: number; more?: boolean }
    alerts: Operations['Alert'][]
  }
  LogLine: { at: string; level: string; target?: string | null; message: string; trace_id?: string | null; fields?: Record<string, unknown> }
  RawEvent: {
    id: string
    channel_id?: string
    provider: string | null
    received_at: string
    state: 'pending' | 'parked' | 'done'
    error: string | null
    attempts: number
    size: number
    trace_id: string
    payload?: string | null
    messages?: string[]
  }
  DeadLetter: {
    id: string
    message_id: string
    conversation_id: string
    channel_id: string
    reason: string
    code: string | number | null
    advice?: string
    attempts: number
    failed_at: string
    /** Null if its person was erased. */
    message: Base['Message'] | null
  }
  Backup: {
    name: string
    created_at: string | null
    size: number
    state?: 'running' | 'done' | 'failed'
    error?: string | null
    verified_at?: string | null
    verified?: boolean | null
  }
  Verification: { ok: boolean; detail?: string | null; records?: number | null }
  BackupSchedule: { enabled: boolean; time: string; keep: number }
  Notice: {
    id: string
    channel_id: string | null
    kind: string
    severity?: 'info' | 'warning' | 'critical'
    title: string
    detail: string | null
    created_at: string
    raw_event_id?: string | null
  }
  Customer: {
    wa_id: string
    name: string
    phone: string
    language: string | null
    unread?: number
    business_typing?: boolean
    behaviour?: Operations['Behaviour']
    last_message?: { direction: 'inbound' | 'outbound'; preview: string; created_at: string } | null
  }
  Behaviour: { read: 'auto' | 'manual' | 'never'; refuse: boolean; offline: boolean; delay_ms: number; auto_reply: boolean }
  PhoneMessage: {
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
  Faults: { delay_ms: number; refuse_next: number; drop_answer_next: number; down: boolean; duplicate_webhooks: boolean; reorder_webhooks: boolean }
}

type O = Operations
type Refusals = { content: { 'application/problem+json': Base['Problem'] } }
type Answer<T> = { content: { 'application/json': T } }
type Plain = { query?: never; header?: never; path?: never; cookie?: never }
type ById = { path: { id: string }; query?: never; header?: never; cookie?: never }
type Page = { query?: { limit?: number; cursor?: string }; header?: never; path?: never; cookie?: never }
type Person = { path: { wa_id: string }; query?: { limit?: number; cursor?: string }; header?: never; cookie?: never }
type List<T> = { 200: Answer<{ items: T[]; next_cursor: string | null }> }
type Gone = { 204: { content?: never } }
type Call<Params, Input, Ok> = { parameters: Params; responses: Ok & { default: Refusals } } & ([Input] extends [never]
  ? { requestBody?: never }
  : { requestBody: { content: { 'application/json': Input } } })

declare module './schema' {
  interface paths {
    '/me/password': { post: Call<Plain, { current: string; new: string }, Gone> }
    '/me/sessions': { get: Call<Page, never, List<O['LoginSession']>> }
    '/me/sessions/{id}': { delete: Call<ById, never, Gone> }
    '/users/{id}': { delete: Call<ById, never, Gone> }
    '/tokens': { get: Call<Page, never, List<O['Token']>>; post: Call<Plain, { name: string }, { 201: Answer<O['NewToken']> }> }
    '/tokens/{id}': { delete: Call<ById, never, Gone> }
    '/channels/{id}': {
      get: Call<ById, never, { 200: Answer<O['Channel']> }>
      patch: Call<ById, O['ChannelPatch'], { 200: Answer<O['Channel']> }>
      delete: Call<ById, never, Gone>
    }
    '/channels/{id}/test': { post: Call<ById, never, { 200: Answer<O['ChannelTest']> }> }
    '/system': { get: Call<Plain, never, { 200: Answer<O['System']> }> }
    '/system/logs': { get: Call<{ query?: { limit?: number } }, never, { 200: Answer<unknown> }> }
    '/raw-events': { get: Call<{ query?: { state?: string; limit?: number; cursor?: string } }, never, List<O['RawEvent']>> }
    '/raw-events/{id}/replay': { post: Call<ById, never, { 202: Answer<O['RawEvent']> }> }
    '/raw-events/replay': { post: Call<Plain, { state: 'parked' }, { 202: Answer<{ count?: number; left?: number; more?: boolean }> }> }
    '/dead-letters': { get: Call<Page, never, List<O['DeadLetter']>> }
    '/dead-letters/{id}': { delete: Call<ById, never, Gone> }
    '/dead-letters/{id}/retry': { post: Call<ById, never, { 202: Answer<Base['Message']> }> }
    '/doubtful': { get: Call<Page, never, List<Base['Message']>> }
    '/backups': { get: Call<Page, never, List<O['Backup']>>; post: Call<Plain, never, { 202: Answer<O['Backup']> }> }
    '/backups/{name}/verify': { post: Call<{ path: { name: string } }, never, { 200: Answer<O['Verification']> }> }
    '/backups/schedule': { get: Call<Plain, never, { 200: Answer<O['BackupSchedule']> }>; put: Call<Plain, O['BackupSchedule'], { 200: Answer<O['BackupSchedule']> }> }
    '/alerts': { get: Call<Page, never, List<O['Alert']>> }
    '/alerts/{id}/ack': { post: Call<ById, never, { 200: Answer<O['Alert']> }> }
    '/settings/alerts': { get: Call<Plain, never, { 200: Answer<O['AlertSettings']> }>; put: Call<Plain, O['AlertSettings'], { 200: Answer<O['AlertSettings']> }> }
    '/settings/alerts/test': { post: Call<Plain, never, { 200: Answer<O['ChannelTest']> }> }
    '/notices': { get: Call<Page, never, List<O['Notice']>> }
    '/sandbox/customers': {
      get: Call<Page, never, List<O['Customer']>>
      post: Call<Plain, { name: string; phone: string; language: string }, { 201: Answer<O['Customer']> }>
    }
    '/sandbox/customers/{wa_id}/behaviour': { put: Call<Person, O['Behaviour'], { 200: Answer<O['Customer']> }> }
    '/sandbox/customers/{wa_id}/messages': {
      get: Call<Person, never, List<O['PhoneMessage']>>
      post: Call<Person, { type: string; [content: string]: unknown }, { 201: Answer<O['PhoneMessage']> }>
    }
    '/sandbox/customers/{wa_id}/typing': { post: Call<Person, never, Gone> }
    '/sandbox/customers/{wa_id}/read': { post: Call<Person, never, Gone> }
    '/sandbox/faults': { get: Call<Plain, never, { 200: Answer<O['Faults']> }>; put: Call<Plain, O['Faults'], { 200: Answer<O['Faults']> }> }
  }
}
