/**
 * The outbox: every write of the inbox goes through it, is kept on this device until the server has answered, and is
 * tried again by itself after a lost connection, a restart of the browser or a new sign-in. The item's id is the
 * idempotency key, so a repeated attempt never makes a second message. Items of one lane go in order; an item that
 * the server refuses is set aside for the person and does not hold up the next.
 */
import { createStore, del, entries, set, type UseStore } from 'idb-keyval'
import { computed, shallowReactive } from 'vue'
import { api, ApiError, clientId, isTemporary, NetworkError, ok, type Alternative, type Phrase, type Conversation, type ConversationPatch, type Message, type NewMessage } from '@/lib/api'
import { onOnline } from '@/lib/live'

export type Work =
  | { kind: 'message'; body: NewMessage }
  | { kind: 'note'; body: { body: string } }
  | { kind: 'patch'; body: ConversationPatch }
  | { kind: 'read'; body: null }
  | { kind: 'unread'; body: null }
export type OutboxItem = Work & {
  id: string
  /** Browser tab that sends it; another adopts it when that tab is gone. */
  tab: string
  conversation: string
  order: number
  createdAt: number
  /** Not sent before this time: the undo period. */
  notBefore: number
  state: 'waiting' | 'sending' | 'failed'
  attempts: number
  error: { code: string; detail: string; phrase?: Phrase | null; alternatives: Alternative[]; traceId: string | null } | null
}
export type Result = Message | Conversation

const tab = clientId()
const FIRST_DELAY_MS = 1000
const LAST_DELAY_MS = 30_000
const LANES = 4
/** What waits or failed, by id. Items are replaced, never changed, so that lists notice. */
export const outbox = shallowReactive(new Map<string, OutboxItem>())
export const waitingCount = computed(
  () => [...outbox.values()].filter((item) => item.state !== 'failed' && item.kind !== 'read').length,
)

type Settled = (item: OutboxItem, result: Result) => void
type Refused = (item: OutboxItem, error: ApiError) => void
const settledHandlers = new Set<Settled>()
const refusedHandlers = new Set<Refused>()
export const onSettled = (handler: Settled): Set<Settled> => settledHandlers.add(handler)
export const onRefused = (handler: Refused): Set<Refused> => refusedHandlers.add(handler)

let scope: string | null = null
let store: UseStore | null = null
let timer: ReturnType<typeof setTimeout> | null = null
let counter = 0
const resting = new Map<string, number>()

export const lane = (item: OutboxItem): string =>
  `${item.conversation}:${item.kind === 'message' || item.kind === 'note' ? 'send' : 'state'}`

/** The items that may go now: the first of each lane, unless it rests or is still within its undo period. */
export function due(items: Iterable<OutboxItem>, rest: ReadonlyMap<string, number>, at: number): OutboxItem[] {
  const first = new Map<string, OutboxItem>()
  for (const item of [...items].sort((a, b) => a.order - b.order)) {
    if (item.state === 'failed' || first.has(lane(item))) continue
    first.set(lane(item), item)
  }
  return [...first.values()].filter(
    (item) => item.state === 'waiting' && item.notBefore <= at && (rest.get(lane(item)) ?? 0) <= at,
  )
}

async function persist(item: OutboxItem): Promise<boolean> {
  if (!store) return false
  try {
    await set(`${scope}|${item.id}`, item, store)
    return true
  } catch {
    return false // kept in memory; the draft then stays until the server has accepted
  }
}
async function remove(item: OutboxItem): Promise<void> {
  outbox.delete(item.id)
  if (store) await del(`${scope}|${item.id}`, store).catch(() => undefined)
}
function update(item: OutboxItem, change: Partial<OutboxItem>): OutboxItem {
  const next = { ...item, ...change } as OutboxItem
  if (outbox.has(item.id)) outbox.set(item.id, next)
  return next
}

/** Queues a write. `saved` tells whether it survives a crash of the browser from now on. */
export function enqueue(conversation: string, work: Work, delayMs = 0): { item: OutboxItem; saved: Promise<boolean> } {
  const at = Date.now()
  counter = Math.max(counter + 1, at * 1000)
  const item: OutboxItem = {
    ...work, id: clientId(), tab, conversation, order: counter, createdAt: at,
    notBefore: at + delayMs, state: 'waiting', attempts: 0, error: null,
  }
  outbox.set(item.id, item)
  const saved = persist(item)
  void saved.then(pump)
  return { item, saved }
}

/** Takes an item back before it went out; null when it is too late. */
export function withdraw(id: string): OutboxItem | null {
  const item = outbox.get(id)
  if (!item || item.state === 'sending' || (item.attempts > 0 && item.state !== 'failed')) return null
  void remove(item)
  return item
}

/** Tries a refused item again, with the same id: the server never took it. */
export function retry(id: string): void {
  const item = outbox.get(id)
  if (!item || item.state !== 'failed') return
  resting.delete(lane(item))
  void persist(update(item, { state: 'waiting', error: null, notBefore: 0 })).then(pump)
}

function call(item: OutboxItem): Promise<Result> {
  const params = { path: { id: item.conversation } }
  const header = { 'Idempotency-Key': item.id }
  switch (item.kind) {
    case 'message':
      return ok(api.POST('/conversations/{id}/messages', { params: { ...params, header }, body: item.body }))
    case 'note':
      return ok(api.POST('/conversations/{id}/notes', { params: { ...params, header }, body: item.body }))
    case 'patch':
      return ok(api.PATCH('/conversations/{id}', { params, body: item.body }))
    case 'read':
      return ok(api.POST('/conversations/{id}/read', { params }))
    case 'unread':
      return ok(api.POST('/conversations/{id}/unread', { params }))
  }
}

function restFor(item: OutboxItem, error: unknown): number {
  if (error instanceof ApiError && error.retryAfterMs !== null) return Math.min(error.retryAfterMs, 300_000)
  return Math.min(LAST_DELAY_MS, FIRST_DELAY_MS * 2 ** Math.min(item.attempts, 6))
}

async function send(start: OutboxItem): Promise<void> {
  const owner = scope
  const item = update(start, { state: 'sending', attempts: start.attempts + 1 })
  try {
    const result = await call(item)
    for (const handler of settledHandlers) handler(item, result)
    await remove(item)
  } catch (error) {
    if (owner !== scope) return
    if (error instanceof ApiError && error.status === 401) {
      update(item, { state: 'waiting' }) // goes out after the next sign-in
      return
    }
    const refused = error instanceof ApiError && !isTemporary(error)
    if (!refused) {
      resting.set(lane(item), Date.now() + restFor(item, error))
      update(item, { state: 'waiting' })
      if (!(error instanceof NetworkError || error instanceof ApiError)) console.error(error)
    } else {
      await setAside(item, error)
    }
  }
  pump()
}

async function setAside(item: OutboxItem, error: ApiError): Promise<void> {
  if (item.kind === 'message' || item.kind === 'note') {
    const { code, message, alternatives, traceId, phrase } = error
    await persist(update(item, { state: 'failed', error: { code, detail: message, phrase, alternatives, traceId } }))
  } else {
    await remove(item)
  }
  for (const handler of refusedHandlers) handler(item, error)
}

/** Starts whatever may go, and wakes again when the next item may. */
export function pump(): void {
  if (!scope) return
  if (timer) clearTimeout(timer)
  timer = null
  const at = Date.now()
  const mine = [...outbox.values()].filter((item) => item.tab === tab)
  const running = mine.filter((item) => item.state === 'sending').length
  for (const item of due(mine, resting, at).slice(0, Math.max(0, LANES - running))) void send(item)
  const waits = mine
    .filter((item) => item.state === 'waiting')
    .map((item) => Math.max(item.notBefore, resting.get(lane(item)) ?? 0) - at)
    .filter((wait) => wait > 0)
  if (waits.length > 0) timer = setTimeout(pump, Math.min(...waits) + 5)
}

/** Names of the tabs that are still open; null where the browser cannot tell. */
async function liveTabs(): Promise<Set<string> | null> {
  if (!navigator.locks) return null
  const state = await navigator.locks.query()
  return new Set((state.held ?? []).map((held) => held.name?.replace('frontdesk-tab:', '') ?? ''))
}

/** Takes over the items of tabs that are gone. A doubled attempt is harmless: the server knows the id. */
async function adopt(): Promise<void> {
  if (!store || !scope) return
  const owner = scope
  const [saved, tabs] = await Promise.all([entries<string, OutboxItem>(store), liveTabs()])
  for (const [key, item] of saved) {
    if (scope !== owner || !key.startsWith(`${owner}|`) || outbox.has(item.id)) continue
    if (item.tab !== tab && tabs?.has(item.tab)) continue
    const state = item.state === 'failed' ? 'failed' : 'waiting'
    const next = { ...item, tab, state } as OutboxItem
    outbox.set(item.id, next)
    await persist(next)
  }
  pump()
}

let stopOnline: (() => void) | null = null
let releaseLock: (() => void) | null = null
export async function startOutbox(nextScope: string): Promise<void> {
  scope = nextScope
  store ??= createStore('frontdesk-outbox', 'items')
  if (navigator.locks && !releaseLock) {
    void navigator.locks.request(`frontdesk-tab:${tab}`, () => new Promise<void>((resolve) => (releaseLock = resolve)))
  }
  stopOnline = onOnline(() => {
    resting.clear()
    void adopt().catch(() => pump())
  })
  await adopt().catch(() => undefined) // without IndexedDB the outbox lives in memory
}
export function stopOutbox(): void {
  scope = null
  if (timer) clearTimeout(timer)
  timer = null
  stopOnline?.()
  outbox.clear()
  resting.clear()
}
