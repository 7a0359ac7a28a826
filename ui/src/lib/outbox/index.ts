/**
 * The outbox: every write of the inbox goes through it, is kept on this device until the server has answered, and is
 * tried again by itself after a lost connection, a restart of the browser or a new sign-in. The item's id is the
 * idempotency key, so a repeated attempt never makes a second message for as long as the server remembers keys. Items of
 * one lane go in order; an item that the server refuses is set aside for the person and does not hold up the next.
 */
import { createStore, del, entries, set, type UseStore } from 'idb-keyval'
import { computed, shallowReactive } from 'vue'
import { t } from '@/app/i18n'
import { api, ApiError, clientId, isTemporary, NetworkError, ok, type Alternative, type Phrase, type Conversation, type ConversationPatch, type Message, type NewMessage } from '@/lib/api'
import { onOnline } from '@/lib/live'

export type Work =
  | { kind: 'message'; body: NewMessage }
  | { kind: 'note'; body: { body: string } }
  | { kind: 'patch'; body: ConversationPatch; /** The last message that the person had seen. */ seen?: string | null }
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
  /** When it was first on its way under this id; null before, while there was no network to carry it, and again once a person has decided to send it anyway. */
  triedAt: number | null
  error: { code: string; detail: string; phrase?: Phrase | null; alternatives: Alternative[]; traceId: string | null } | null
}
export type Result = Message | Conversation

const tab = clientId()
const FIRST_DELAY_MS = 1000
const LAST_DELAY_MS = 30_000
const LANES = 4
const ADOPT_MS = 30_000
/** However long another tab takes; the page waits for it at its start. */
const TURN_MS = 1000
/** The server forgets idempotency keys 72 hours after they were used. What was tried longer ago than this is not repeated unasked. */
const REPEATABLE_MS = 48 * 3_600_000
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
  if (!store || !scope) return false
  try {
    await set(`${scope}|${item.id}`, item, store)
    return true
  } catch {
    return false // kept in memory; the draft then stays until the server has accepted
  }
}
async function remove(item: OutboxItem, owner = scope): Promise<void> {
  if (owner === scope) outbox.delete(item.id)
  if (store) await del(`${owner}|${item.id}`, store).catch(() => undefined)
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
    notBefore: at + delayMs, state: 'waiting', attempts: 0, triedAt: null, error: null,
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

/** Tries an item again that was set aside, with the same id: the server refused it, or the person has seen that it is not there. */
export function retry(id: string): void {
  const item = outbox.get(id)
  if (!item || item.state !== 'failed') return
  resting.delete(lane(item))
  void persist(update(item, { state: 'waiting', error: null, notBefore: 0, triedAt: null })).then(pump)
}

/** After so long, as without a connection, what the customer wrote since must not be closed unread. */
const LATE_MS = 60_000
const CLOSING = ['resolved', 'closed']
async function change(id: string, body: ConversationPatch, seen?: string | null): Promise<Conversation> {
  const path = { id }
  if (seen === undefined || !CLOSING.includes(body.status ?? '')) return ok(api.PATCH('/conversations/{id}', { params: { path }, body }))
  const { last_message: last, contact, version } = await ok(api.GET('/conversations/{id}', { params: { path } }))
  if (last?.direction === 'inbound' && last.id !== seen) throw new ApiError(409, 'conversation_changed', t('inbox.wroteSince', { name: contact.name }))
  return ok(api.PATCH('/conversations/{id}', { params: { path, header: { 'If-Match': `"${version}"` } }, body }))
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
      return change(item.conversation, item.body, Date.now() - item.createdAt > LATE_MS ? item.seen : undefined)
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
  const item = update(start, { state: 'sending', attempts: start.attempts + 1, triedAt: start.triedAt ?? (navigator.onLine ? Date.now() : null) })
  // Beside the request, which it would only hold up: whoever finds the item must know that it may have arrived.
  void persist(item)
  try {
    const result = await call(item)
    if (owner === scope) for (const handler of settledHandlers) handler(item, result)
    await remove(item, owner)
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

/** Nobody can say whether it arrived, and the server might take it for a new one. */
export const isDoubtful = (item: OutboxItem, at: number): boolean =>
  (item.kind === 'message' || item.kind === 'note') && item.triedAt != null && at - item.triedAt > REPEATABLE_MS

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
  for (const item of due(mine, resting, at).slice(0, Math.max(0, LANES - running))) {
    if (isDoubtful(item, at)) void setAside(item, new ApiError(0, 'answer_lost', t('common.answerLost'))).then(pump)
    else void send(item)
  }
  const waits = mine
    .filter((item) => item.state === 'waiting')
    .map((item) => Math.max(item.notBefore, resting.get(lane(item)) ?? 0) - at)
    .filter((wait) => wait > 0)
  if (waits.length > 0) timer = setTimeout(pump, Math.min(...waits) + 5)
}

/** Names of the tabs that are still open; null where the browser cannot tell (plain HTTP on a local network). */
async function liveTabs(): Promise<Set<string> | null> {
  if (!navigator.locks) return null
  const state = await navigator.locks.query()
  return new Set([...(state.held ?? []), ...(state.pending ?? [])].map((held) => held.name?.replace('frontdesk-tab:', '') ?? ''))
}

/** One tab after the other: what one has taken over, the next finds taken. */
async function inTurn(work: () => Promise<void>): Promise<void> {
  if (!navigator.locks) return await work()
  let begun = false
  const once = (): Promise<void> => {
    begun = true
    return work()
  }
  try {
    await navigator.locks.request('frontdesk-adopt', { signal: AbortSignal.timeout(TURN_MS) }, once)
  } catch (error) {
    if (begun) throw error
    await work()
  }
}

type When = 'start' | 'online' | 'round'
/**
 * Takes over the items of tabs that are gone. Where the browser cannot tell which are, only at the start and after a lost
 * connection: a doubled attempt is harmless, the server knows the id, but what another tab holds back can be taken back there.
 */
async function adopt(when: When): Promise<void> {
  if (!store || !scope) return
  const owner = scope
  const tabs = await liveTabs()
  if (!tabs && when === 'round') return
  for (const [key, item] of await entries<string, OutboxItem>(store)) {
    if (scope !== owner || !key.startsWith(`${owner}|`) || outbox.has(item.id)) continue
    // Its own items this tab has in memory; one that is in the store alone is just being removed.
    if (item.tab === tab ? when !== 'start' : tabs?.has(item.tab)) continue
    const state = item.state === 'failed' ? 'failed' : 'waiting'
    const next = { ...item, tab, state } as OutboxItem
    outbox.set(item.id, next)
    await persist(next)
  }
}
let adopting: Promise<void> | null = null
/** Looks for items of tabs that are gone and sends what may go. Without IndexedDB there are none: the outbox lives in memory. */
function takeOver(when: When): Promise<void> {
  adopting ??= inTurn(() => adopt(when))
    .catch(() => undefined)
    .finally(() => {
      adopting = null
      pump()
    })
  return adopting
}
function whenVisible(): void {
  if (!document.hidden) void takeOver('round')
}

let stopOnline: (() => void) | null = null
let rounds: ReturnType<typeof setInterval> | null = null
let releaseLock: (() => void) | null = null
/** Tells other tabs that this one is there, until it is closed or the person leaves. */
function holdLock(): void {
  if (!navigator.locks || releaseLock) return
  const left = new Promise<void>((resolve) => (releaseLock = resolve))
  void navigator.locks.request(`frontdesk-tab:${tab}`, () => left)
}
export async function startOutbox(nextScope: string): Promise<void> {
  scope = nextScope
  store ??= createStore('frontdesk-outbox', 'items')
  holdLock()
  stopOnline = onOnline(() => {
    resting.clear()
    void takeOver('online')
  })
  // Nothing tells when another tab is closed, perhaps with a message that waits out its undo period.
  rounds = setInterval(() => void takeOver('round'), ADOPT_MS)
  document.addEventListener('visibilitychange', whenVisible)
  // One that is still under way is of another session, or came before there was anything to see.
  await adopting
  await takeOver('start')
}
export function stopOutbox(): void {
  scope = null
  if (timer) clearTimeout(timer)
  timer = null
  if (rounds) clearInterval(rounds)
  rounds = null
  document.removeEventListener('visibilitychange', whenVisible)
  stopOnline?.()
  releaseLock?.()
  releaseLock = null
  outbox.clear()
  resting.clear()
}
