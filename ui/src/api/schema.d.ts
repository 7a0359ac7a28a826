/**
 * API types in the shape `openapi-typescript` writes. Written by hand after the API agreement until the generated
 * OpenAPI document replaces it (`npm run api`).
 */
export interface components {
  schemas: {
    Problem: {
      type?: string
      title: string
      status: number
      code: string
      detail?: string
      field?: string | null
      alternatives?: { kind: string; detail: string }[]
      trace_id?: string
    }
    User: {
      id: string
      name: string
      email: string
      role: 'owner' | 'agent'
      locale: string
      theme: 'system' | 'light' | 'dark'
      density: 'comfortable' | 'compact'
      timezone: string
    }
    Workspace: { id: string; name: string; timezone: string; locale: string }
    Session: { token: string; user: components['schemas']['User']; workspace: components['schemas']['Workspace'] }
    Me: {
      user: components['schemas']['User']
      workspace: components['schemas']['Workspace']
      version: string
      demo: boolean
    }
    Identity: {
      kind: 'phone' | 'whatsapp_id' | 'whatsapp_user_id' | 'instagram_id' | 'email' | 'username'
      value: string
    }
    Named: { id: string; name: string }
    ConversationStatus: 'open' | 'pending' | 'on_hold' | 'snoozed' | 'resolved' | 'closed'
    Priority: 'low' | 'normal' | 'high' | 'urgent'
    MessageStatus: 'received' | 'queued' | 'accepted' | 'sent' | 'delivered' | 'read' | 'failed' | 'doubtful'
    LastMessage: {
      id: string
      direction: 'inbound' | 'outbound'
      type: string
      preview: string
      status: components['schemas']['MessageStatus']
      created_at: string
    }
    Conversation: {
      id: string
      contact: { id: string; name: string; identities: components['schemas']['Identity'][] }
      channel_id: string
      status: components['schemas']['ConversationStatus']
      assignee: components['schemas']['Named'] | null
      labels: string[]
      priority: components['schemas']['Priority']
      unread: number
      last_message: components['schemas']['LastMessage'] | null
      last_activity_at: string
      created_at: string
      snoozed_until: string | null
      window: { open: boolean; expires_at: string | null }
      version: number
    }
    ConversationPatch: {
      status?: components['schemas']['ConversationStatus']
      assignee_id?: string | null
      labels?: string[]
      priority?: components['schemas']['Priority']
      snoozed_until?: string | null
    }
    ConversationList: { items: components['schemas']['Conversation'][]; next_cursor: string | null }
    MessageError: { code: string | number; title: string; detail?: string | null; advice?: string | null }
    Message: {
      id: string
      conversation_id: string
      direction: 'inbound' | 'outbound'
      type: string
      author: { kind: 'customer' | 'user' | 'bot' | 'api' | 'system' | 'business_app'; id?: string | null; name?: string | null }
      status: components['schemas']['MessageStatus']
      status_times: { [status: string]: string | null | undefined }
      provider_message_id: string | null
      context: { message_id: string | null; provider_message_id?: string | null } | null
      error: components['schemas']['MessageError'] | null
      reactions?: { emoji: string; direction: 'inbound' | 'outbound' }[]
      created_at: string
      provider_at: string | null
      pricing: { category?: string | null; billable?: boolean | null; type?: string | null } | null
      raw_event_id: string | null
      trace_id: string
      private: boolean
      text?: { body: string; preview_url?: boolean } | null
      note?: { body: string } | null
      [content: string]: unknown
    }
    MessageList: { items: components['schemas']['Message'][]; next_cursor: string | null }
    NewMessage: {
      type: string
      text?: { body: string }
      context?: { message_id: string }
      [content: string]: unknown
    }
    Draft: { reply: string; note: string; updated_at: string | null }
    Contact: {
      id: string
      name: string
      profile_name: string | null
      identities: components['schemas']['Identity'][]
      created_at: string
      conversations: string[]
      version: number
    }
    ContactList: { items: components['schemas']['Contact'][]; next_cursor: string | null }
    Channel: {
      id: string
      provider: string
      name: string
      status: 'active' | 'paused' | 'blocked'
      status_reason: string | null
      settings: { [key: string]: unknown }
      secrets: { [key: string]: { set: boolean } }
      webhook_url: string | null
      created_at: string
      queue?: { queued: number; active: number }
      breaker?: { state: 'closed' | 'open' | 'half_open'; reason: string | null }
    }
    SearchHit: {
      kind: 'message' | 'contact' | 'note'
      id: string
      conversation_id: string | null
      contact: components['schemas']['Named'] | null
      snippet: { text: string; hit: boolean }[]
      created_at: string
      score: number
    }
    SearchPage: {
      items: components['schemas']['SearchHit'][]
      next_cursor: string | null
      fuzzy: boolean
      took_ms: number
    }
    RawEvent: {
      id: string
      provider: string
      received_at: string
      state: 'pending' | 'parked' | 'done'
      error: string | null
      attempts: number
      size: number
      trace_id: string
      payload: string
      messages: string[]
    }
  }
}

type S = components['schemas']
type Problems = { content: { 'application/problem+json': S['Problem'] } }
type Json<T> = { content: { 'application/json': T } }
type Id = { path: { id: string } }

type Op<Params, Body, Ok> = {
  parameters: Params
  responses: Ok & { default: Problems }
} & ([Body] extends [never] ? { requestBody?: never } : { requestBody: Body })
type Query<Q> = { query?: Q; header?: never; path?: never; cookie?: never }
type None = { query?: never; header?: never; path?: never; cookie?: never }
type Body<T> = { content: { 'application/json': T } }

export interface paths {
  '/setup': {
    get: Op<None, never, { 200: Json<{ needed: boolean }> }>
    post: Op<
      None,
      Body<{
        code: string
        owner: { name: string; email: string; password: string }
        workspace: { name: string; timezone: string; locale: string }
      }>,
      { 201: Json<S['Session']> }
    >
  }
  '/auth/login': { post: Op<None, Body<{ email: string; password: string }>, { 200: Json<S['Session']> }> }
  '/auth/logout': { post: Op<None, never, { 204: { content?: never } }> }
  '/me': {
    get: Op<None, never, { 200: Json<S['Me']> }>
    patch: Op<
      None,
      Body<Partial<Pick<S['User'], 'name' | 'locale' | 'theme' | 'density' | 'timezone'>>>,
      { 200: Json<S['User']> }
    >
  }
  '/users': {
    get: Op<Query<{ limit?: number; cursor?: string }>, never, { 200: Json<{ items: S['User'][]; next_cursor: string | null }> }>
    post: Op<None, Body<{ name: string; email: string; password: string; role: S['User']['role'] }>, { 201: Json<S['User']> }>
  }
  '/channels': {
    get: Op<Query<{ limit?: number; cursor?: string }>, never, { 200: Json<{ items: S['Channel'][]; next_cursor: string | null }> }>
    post: Op<
      None,
      Body<{ provider: string; name: string; settings?: Record<string, string>; secrets?: Record<string, string> }>,
      { 201: Json<S['Channel']> }
    >
  }
  '/conversations': {
    get: Op<
      Query<{
        status?: string
        assignee?: string
        label?: string
        channel?: string
        q?: string
        limit?: number
        cursor?: string
      }>,
      never,
      { 200: Json<S['ConversationList']> }
    >
  }
  '/conversations/{id}': {
    get: Op<Id, never, { 200: Json<S['Conversation']> }>
    patch: Op<Id, Body<S['ConversationPatch']>, { 200: Json<S['Conversation']> }>
  }
  '/conversations/{id}/read': { post: Op<Id, never, { 200: Json<S['Conversation']> }> }
  '/conversations/{id}/unread': { post: Op<Id, never, { 200: Json<S['Conversation']> }> }
  '/conversations/{id}/messages': {
    get: Op<
      Id & { query?: { limit?: number; cursor?: string; around?: string; q?: string } },
      never,
      { 200: Json<S['MessageList']> }
    >
    post: Op<Id & { header?: { 'Idempotency-Key'?: string } }, Body<S['NewMessage']>, { 202: Json<S['Message']> }>
  }
  '/conversations/{id}/notes': {
    post: Op<Id & { header?: { 'Idempotency-Key'?: string } }, Body<{ body: string }>, { 201: Json<S['Message']> }>
  }
  '/conversations/{id}/draft': {
    get: Op<Id, never, { 200: Json<S['Draft']> }>
    put: Op<Id, Body<{ reply: string; note: string }>, { 200: Json<S['Draft']> }>
  }
  '/messages/{id}/retry': { post: Op<Id, never, { 202: Json<S['Message']> }> }
  '/messages/{id}/settle': {
    post: Op<Id, Body<{ outcome: 'sent' | 'failed' | 'retry' }>, { 200: Json<S['Message']> }>
  }
  '/contacts': { get: Op<Query<{ q?: string; limit?: number; cursor?: string }>, never, { 200: Json<S['ContactList']> }> }
  '/contacts/{id}': {
    get: Op<Id, never, { 200: Json<S['Contact']> }>
    patch: Op<Id, Body<{ name: string }>, { 200: Json<S['Contact']> }>
  }
  '/search': {
    get: Op<
      { query: { q: string; in?: string; limit?: number; cursor?: string } },
      never,
      { 200: Json<S['SearchPage']> }
    >
  }
  '/raw-events/{id}': { get: Op<Id, never, { 200: Json<S['RawEvent']> }> }
}
