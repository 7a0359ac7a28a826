/**
 * Drafts: what is written but not sent, per conversation and mode (reply, note). Saved on this device within 250 ms
 * and at once when the page hides; sent to the server within two seconds so that other devices have it. A draft that
 * the server has not confirmed is never overwritten by an older or different one from elsewhere: both are kept and the
 * person chooses.
 */
import { del, get, set } from 'idb-keyval'
import { reactive } from 'vue'
import { api, ApiError, isTemporary, ok } from '@/lib/api'
import { onOnline } from '@/lib/live'

export interface DraftTexts {
  reply: string
  note: string
  /** What belongs to the reply beside its text, as {@link pack} writes it. */
  extras: string
}
export interface LocalDraft extends DraftTexts {
  /** When it was last typed in on this device, in milliseconds. */
  editedAt: number
  /** The server's time stamp of the version this one builds on. */
  base: string | null
  /** Has changes that the server has not confirmed. */
  dirty: boolean
}
export interface DraftEntry extends LocalDraft {
  loaded: boolean
  /** What another device wrote meanwhile, offered for choosing. */
  other: DraftTexts | null
}

const LOCAL_MS = 250
/** Characters; the server takes 64 KiB of a text, and none has more than three bytes. */
const MAX_SERVER = 20_000
/** Bytes of what belongs to the reply beside its text; the server takes no more. */
const MAX_EXTRAS = 32_768
const SERVER_MS = 1500
const RETRY_MS = 10_000
const empty = (): DraftEntry => ({ reply: '', note: '', extras: '', editedAt: 0, base: null, dirty: false, loaded: false, other: null })
export const isBlank = (texts: DraftTexts): boolean => texts.reply === '' && texts.note === '' && texts.extras === ''

/** An object as text, the same for the same content whatever the order of its fields; empty for an empty one. */
export function pack(value: object | null | undefined): string {
  if (!value || Object.keys(value).length === 0) return ''
  const sorted = (_: string, each: unknown): unknown =>
    typeof each === 'object' && each !== null && !Array.isArray(each) ? Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1))) : each
  return JSON.stringify(value, sorted)
}

export interface RemoteDraft {
  reply: string
  note: string
  extras?: object | null
  updated_at: string | null
}

/** What to show when this device's draft meets the server's. */
export function reconcile(local: LocalDraft | undefined, remote: RemoteDraft | null): LocalDraft & { other: DraftTexts | null } {
  const theirs: DraftTexts = { reply: remote?.reply ?? '', note: remote?.note ?? '', extras: pack(remote?.extras) }
  const stamp = remote?.updated_at ?? null
  if (!local || !local.dirty) {
    if (!remote) return { ...(local ?? { ...theirs, editedAt: 0, base: null, dirty: false }), other: null }
    return { ...theirs, editedAt: stamp ? Date.parse(stamp) : 0, base: stamp, dirty: false, other: null }
  }
  const same = local.reply === theirs.reply && local.note === theirs.note
  if (same) return { ...local, base: stamp, dirty: local.extras !== theirs.extras, other: null }
  // Nothing new on the server, or nothing there to lose: ours stands and is sent.
  if (stamp === local.base || isBlank(theirs)) return { ...local, base: stamp, other: null }
  // Cleared here, written there: the text wins over the empty field.
  if (isBlank(local)) return { ...theirs, editedAt: Date.parse(stamp ?? '') || 0, base: stamp, dirty: false, other: null }
  return { ...local, base: stamp, other: theirs }
}

const drafts = reactive(new Map<string, DraftEntry>())
let scope: string | null = null
/** Whose drafts these are; null while nobody is signed in. */
export const draftScope = (): string | null => scope
const localTimers = new Map<string, ReturnType<typeof setTimeout>>()
const serverTimers = new Map<string, ReturnType<typeof setTimeout>>()
const pushing = new Set<string>()
const rescue = (): string => `frontdesk.draft-rescue:${scope}`
const localKey = (conversation: string): string => `draft:${scope}:${conversation}`
const plain = (entry: DraftEntry): LocalDraft => ({
  reply: entry.reply, note: entry.note, extras: entry.extras, editedAt: entry.editedAt, base: entry.base, dirty: entry.dirty,
})

async function saveLocal(conversation: string): Promise<void> {
  const timer = localTimers.get(conversation)
  if (timer) clearTimeout(timer)
  localTimers.delete(conversation)
  const entry = drafts.get(conversation)
  if (!entry || !scope) return
  try {
    if (isBlank(entry) && !entry.dirty) await del(localKey(conversation))
    else await set(localKey(conversation), plain(entry))
  } catch {
    rescueAll() // IndexedDB is blocked or full; the small synchronous store still has room for a text
  }
}

/** Writes unsaved drafts synchronously: the page may be gone before IndexedDB has answered. */
function rescueAll(): void {
  if (!scope) return
  const dirty = [...drafts].filter(([, entry]) => entry.dirty).map(([id, entry]) => [id, plain(entry)])
  try {
    if (dirty.length > 0) localStorage.setItem(rescue(), JSON.stringify(dirty))
    else localStorage.removeItem(rescue())
  } catch {
    // Nothing more can be done on this device; the server copy is at most two seconds old.
  }
}
function rescued(conversation: string): LocalDraft | undefined {
  try {
    const list = JSON.parse(localStorage.getItem(rescue()) ?? '[]') as [string, LocalDraft][]
    return list.find(([id]) => id === conversation)?.[1]
  } catch {
    return undefined
  }
}

async function storedDraft(conversation: string): Promise<LocalDraft | undefined> {
  const saved = await get<LocalDraft>(localKey(conversation)).catch(() => undefined)
  const quick = rescued(conversation)
  if (!saved || !quick) return saved ?? quick
  return quick.editedAt > saved.editedAt ? quick : saved
}

/** The draft as it is held now, without asking anybody. */
export const heldDraft = (conversation: string): DraftEntry | undefined => drafts.get(conversation)
/** The draft of a conversation, loading it from this device and from the server the first time. */
export function openDraft(conversation: string): DraftEntry {
  let entry = drafts.get(conversation)
  if (!entry) {
    drafts.set(conversation, empty())
    entry = drafts.get(conversation)!
    void load(conversation, entry)
  } else {
    void refresh(conversation, entry)
  }
  return entry
}
async function load(conversation: string, entry: DraftEntry): Promise<void> {
  const local = await storedDraft(conversation)
  // Typing may have begun before the stored draft was read; what was typed is not overwritten, the stored text goes before it.
  if (local && entry.editedAt === 0) Object.assign(entry, { ...local, extras: local.extras ?? '' })
  else if (local && !isBlank(local)) entry.other = { reply: local.reply, note: local.note, extras: local.extras ?? '' }
  entry.loaded = true
  await refresh(conversation, entry)
}
async function refresh(conversation: string, entry: DraftEntry): Promise<void> {
  if (pushing.has(conversation)) return
  const editedAt = entry.editedAt
  try {
    const remote = await ok(api.GET('/conversations/{id}/draft', { params: { path: { id: conversation } } }))
    if (entry.editedAt !== editedAt || pushing.has(conversation)) return
    Object.assign(entry, reconcile(plain(entry), remote))
  } catch {
    // Without the server this device's draft stands; it is compared at the next opening.
  }
  if (entry.dirty) pushSoon(conversation, 0)
}

/** Takes over what is typed. */
export function writeDraft(conversation: string, texts: Partial<DraftTexts>): void {
  const entry = drafts.get(conversation) ?? openDraft(conversation)
  const next = { reply: entry.reply, note: entry.note, extras: entry.extras, ...texts }
  if (next.reply === entry.reply && next.note === entry.note && next.extras === entry.extras) return
  Object.assign(entry, next, { editedAt: Date.now(), dirty: true })
  if (!localTimers.has(conversation)) localTimers.set(conversation, setTimeout(() => void saveLocal(conversation), LOCAL_MS))
  pushSoon(conversation, SERVER_MS)
}

/** Replaces this device's texts with the other device's, or drops the offer. */
export function settleOther(conversation: string, use: boolean): void {
  const entry = drafts.get(conversation)
  if (!entry?.other) return
  const other = entry.other
  entry.other = null
  if (use) writeDraft(conversation, other)
}

function pushSoon(conversation: string, delay: number): void {
  const timer = serverTimers.get(conversation)
  if (timer) clearTimeout(timer)
  serverTimers.set(conversation, setTimeout(() => void push(conversation), delay))
}
async function push(conversation: string): Promise<void> {
  serverTimers.delete(conversation)
  const entry = drafts.get(conversation)
  if (!entry?.dirty || pushing.has(conversation)) return
  // Longer than the server takes: kept on this device only.
  if (Math.max(entry.reply.length, entry.note.length) > MAX_SERVER || new Blob([entry.extras]).size > MAX_EXTRAS) return
  pushing.add(conversation)
  const sent = { reply: entry.reply, note: entry.note, extras: entry.extras }
  const body = { reply: sent.reply, note: sent.note, ...(sent.extras && { extras: JSON.parse(sent.extras) as Record<string, unknown> }) }
  try {
    const saved = await ok(api.PUT('/conversations/{id}/draft', { params: { path: { id: conversation } }, body }))
    entry.base = saved?.updated_at ?? entry.base
    entry.dirty = entry.reply !== sent.reply || entry.note !== sent.note || entry.extras !== sent.extras
    await saveLocal(conversation)
    rescueAll()
  } catch (error) {
    pushing.delete(conversation)
    // A text that the server refuses (too long, say) stays on this device; the next keystroke asks again.
    const refused = error instanceof ApiError && !isTemporary(error)
    if (scope && !refused && !serverTimers.has(conversation)) pushSoon(conversation, RETRY_MS)
    return
  }
  pushing.delete(conversation)
  if (entry.dirty && !serverTimers.has(conversation)) pushSoon(conversation, SERVER_MS)
}

function onHide(): void {
  if (!document.hidden) return
  rescueAll()
  for (const id of [...localTimers.keys()]) void saveLocal(id)
  for (const id of [...serverTimers.keys()]) pushSoon(id, 0)
}

let stopOnline: (() => void) | null = null
export function startDrafts(nextScope: string): void {
  scope = nextScope
  document.addEventListener('visibilitychange', onHide)
  window.addEventListener('pagehide', rescueAll)
  stopOnline = onOnline(() => {
    for (const [id, entry] of drafts) if (entry.dirty) pushSoon(id, 0)
  })
}
export async function stopDrafts(): Promise<void> {
  rescueAll()
  await Promise.all([...drafts.keys()].map(saveLocal))
  for (const timer of serverTimers.values()) clearTimeout(timer)
  serverTimers.clear()
  stopOnline?.()
  document.removeEventListener('visibilitychange', onHide)
  window.removeEventListener('pagehide', rescueAll)
  drafts.clear()
  scope = null
}
