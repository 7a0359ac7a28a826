/**
 * Drafts: what is written but not sent, per conversation and mode (reply, note). Saved on this device within 250 ms
 * and at once when the page hides; sent to the server a moment after the last key so that other devices have it. A draft
 * that the server has not confirmed is never overwritten by an older or different one from elsewhere, and what another
 * device left on the server is looked at before it is written over: both are kept and the person chooses.
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
/** What another device wrote meanwhile, offered for choosing. Until then it is the server's, and ours stays here. */
export interface OtherDraft extends DraftTexts {
  /** The server's time stamp of it. */
  stamp: string | null
}
export interface DraftEntry extends LocalDraft {
  loaded: boolean
  other: OtherDraft | null
}

const LOCAL_MS = 250
/** Characters; the server takes 64 KiB of a text, and none has more than three bytes. */
const MAX_SERVER = 20_000
/** Bytes of what belongs to the reply beside its text; the server takes no more. */
const MAX_EXTRAS = 32_768
const SERVER_MS = 1500
const RETRY_MS = 10_000
/** How long the look at the server's version with which a spell of typing begins is good enough to write over it. */
const FRESH_MS = 30_000
/** Focus, visibility and connection often come back together. */
const TOGETHER_MS = 50
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

/** What to show when this device's draft meets the server's; `offered` while the person has another one to choose. */
export function reconcile(local: LocalDraft | undefined, remote: RemoteDraft | null, offered = false): LocalDraft & { other: OtherDraft | null } {
  const theirs: DraftTexts = { reply: remote?.reply ?? '', note: remote?.note ?? '', extras: pack(remote?.extras) }
  const stamp = remote?.updated_at ?? null
  const taken = { ...theirs, editedAt: stamp ? Date.parse(stamp) || 0 : 0, base: stamp, dirty: false, other: null }
  if (!local || !local.dirty) return remote || !local ? taken : { ...local, other: null }
  // Nothing new on the server, or nothing there to lose: ours stands and is sent.
  const unchanged = stamp === local.base
  if (local.reply === theirs.reply && local.note === theirs.note) {
    const extras = local.extras === '' && !unchanged ? theirs.extras : local.extras
    return { ...local, extras, base: stamp, dirty: extras !== theirs.extras, other: null }
  }
  if (unchanged || isBlank(theirs)) return { ...local, base: stamp, other: null }
  // Cleared here, written there: the text wins over the empty field.
  if (isBlank(local) && !offered) return taken
  // The base stays, so that the question comes again after a restart.
  return { ...local, other: { ...theirs, stamp } }
}

const drafts = reactive(new Map<string, DraftEntry>())
let scope: string | null = null
/** Whose drafts these are; null while nobody is signed in. */
export const draftScope = (): string | null => scope
const localTimers = new Map<string, ReturnType<typeof setTimeout>>()
const serverTimers = new Map<string, ReturnType<typeof setTimeout>>()
const pushing = new Set<string>()
/** How often each was sent, and when what the server has was last heard: an answer asked for earlier may be older. */
const pushes = new Map<string, number>()
/** What was sent without an answer: if the server has it, it is ours. */
const unanswered = new Map<string, DraftTexts>()
const heardAt = new Map<string, number>()
const lastAsked = new Map<string, number>()
const lastTaken = new Map<string, number>()
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
let shown: string | null = null
/** Opens the draft that stands before the person: it is compared with the server's whenever they come back to it. */
export function showDraft(conversation: string): DraftEntry {
  shown = conversation
  return openDraft(conversation)
}
/** Compares a draft that is held here with the server's. */
export function refreshDraft(conversation: string): void {
  const entry = drafts.get(conversation)
  if (entry?.loaded) void refresh(conversation, entry)
}
let backTimer: ReturnType<typeof setTimeout> | undefined
function onBack(): void {
  clearTimeout(backTimer)
  backTimer = setTimeout(() => {
    if (shown && !document.hidden) refreshDraft(shown)
  }, TOGETHER_MS)
}

/** Both of what was kept and what is typed already. */
const joined = (before: string, now: string): string => (before === now || before === '' ? now : now === '' ? before : `${before}\n${now}`)
async function load(conversation: string, entry: DraftEntry): Promise<void> {
  const local = await storedDraft(conversation)
  // Typing may have begun before the stored draft was read; what was typed is not overwritten, the stored text goes before it.
  if (local && entry.editedAt === 0) Object.assign(entry, { ...local, extras: local.extras ?? '' })
  else if (local) Object.assign(entry, { reply: joined(local.reply, entry.reply), note: joined(local.note, entry.note), extras: entry.extras || (local.extras ?? ''), base: local.base, dirty: true })
  entry.loaded = true
  await refresh(conversation, entry)
}

/** Asks what the server has and lets it meet this device's; true unless the answer was overtaken. Errors are the caller's. */
async function compare(conversation: string, entry: DraftEntry, overtaken: () => boolean): Promise<boolean> {
  const asked = (lastAsked.get(conversation) ?? 0) + 1
  lastAsked.set(conversation, asked)
  const remote = await ok(api.GET('/conversations/{id}/draft', { params: { path: { id: conversation } } }))
  if (drafts.get(conversation) !== entry || asked < (lastTaken.get(conversation) ?? 0) || overtaken()) return false
  lastTaken.set(conversation, asked)
  heardAt.set(conversation, Date.now())
  const sent = unanswered.get(conversation)
  if (sent && sent.reply === remote?.reply && sent.note === remote.note && sent.extras === pack(remote.extras)) entry.base = remote.updated_at ?? null
  Object.assign(entry, reconcile(plain(entry), remote, entry.other !== null))
  return true
}
/** Whether a push is under way or was since: an answer that was asked for now does not know it. */
function sentSince(conversation: string): () => boolean {
  const before = pushes.get(conversation)
  return () => pushing.has(conversation) || pushes.get(conversation) !== before
}
async function refresh(conversation: string, entry: DraftEntry): Promise<void> {
  if (pushing.has(conversation)) return
  const { editedAt, base } = entry
  const sent = sentSince(conversation)
  try {
    // What is typed or sent meanwhile is newer than the answer.
    const applied = await compare(conversation, entry, () => entry.editedAt !== editedAt || sent())
    if (applied && entry.base !== base) await saveLocal(conversation)
  } catch {
    // Without the server this device's draft stands; it is compared when the person or the connection comes back.
  }
  if (entry.dirty && drafts.get(conversation) === entry && !serverTimers.has(conversation)) pushSoon(conversation, 0)
}

/** Takes over what is typed. */
export function writeDraft(conversation: string, texts: Partial<DraftTexts>): void {
  const entry = drafts.get(conversation) ?? openDraft(conversation)
  const next = { reply: entry.reply, note: entry.note, extras: entry.extras, ...texts }
  if (next.reply === entry.reply && next.note === entry.note && next.extras === entry.extras) return
  const begins = entry.loaded && !entry.dirty
  Object.assign(entry, next, { editedAt: Date.now(), dirty: true })
  if (begins) lookFirst(conversation, entry)
  if (!localTimers.has(conversation)) localTimers.set(conversation, setTimeout(() => void saveLocal(conversation), LOCAL_MS))
  pushSoon(conversation, SERVER_MS)
}

/** Another device may have gone on meanwhile: that is learned with the first key, not when the text is sent. */
function lookFirst(conversation: string, entry: DraftEntry): void {
  heardAt.delete(conversation)
  // Without an answer the push asks itself.
  if (!pushing.has(conversation)) compare(conversation, entry, sentSince(conversation)).catch(() => undefined)
}

/** Replaces this device's texts with the other device's, or writes them over. */
export function settleOther(conversation: string, use: boolean): void {
  const entry = drafts.get(conversation)
  if (!entry?.other) return
  const { stamp, ...other } = entry.other
  Object.assign(entry, { other: null, base: stamp })
  if (use) writeDraft(conversation, other)
  pushSoon(conversation, 0)
}

function pushSoon(conversation: string, delay: number): void {
  const timer = serverTimers.get(conversation)
  if (timer) clearTimeout(timer)
  serverTimers.set(conversation, setTimeout(() => void push(conversation), delay))
}
/** Sends a draft, unless another device's turns out to stand there; then the person chooses first. */
async function put(conversation: string, entry: DraftEntry): Promise<void> {
  const known = Date.now() - (heardAt.get(conversation) ?? 0) < FRESH_MS
  if (!known && !(await compare(conversation, entry, () => false))) return
  if (!entry.dirty || entry.other) return
  const sent = { reply: entry.reply, note: entry.note, extras: entry.extras }
  const body = { reply: sent.reply, note: sent.note, ...(sent.extras && { extras: JSON.parse(sent.extras) as Record<string, unknown> }) }
  pushes.set(conversation, (pushes.get(conversation) ?? 0) + 1)
  unanswered.set(conversation, sent)
  const saved = await ok(api.PUT('/conversations/{id}/draft', { params: { path: { id: conversation } }, body }))
  unanswered.delete(conversation)
  heardAt.set(conversation, Date.now())
  entry.base = saved?.updated_at ?? entry.base
  entry.dirty = entry.reply !== sent.reply || entry.note !== sent.note || entry.extras !== sent.extras
}
async function push(conversation: string): Promise<void> {
  serverTimers.delete(conversation)
  const entry = drafts.get(conversation)
  if (!entry?.dirty || entry.other || pushing.has(conversation)) return
  // Longer than the server takes: kept on this device only.
  if (Math.max(entry.reply.length, entry.note.length) > MAX_SERVER || new Blob([entry.extras]).size > MAX_EXTRAS) return
  pushing.add(conversation)
  try {
    await put(conversation, entry)
    await saveLocal(conversation)
    rescueAll()
  } catch (error) {
    pushing.delete(conversation)
    // A text that the server refuses (too long, say) stays on this device; the next keystroke asks again.
    const refused = error instanceof ApiError && !isTemporary(error)
    if (drafts.get(conversation) === entry && !refused && !serverTimers.has(conversation)) pushSoon(conversation, RETRY_MS)
    return
  }
  pushing.delete(conversation)
  const now = drafts.get(conversation)
  if (now?.dirty && !now.other && !serverTimers.has(conversation)) pushSoon(conversation, SERVER_MS)
}

function onHide(): void {
  if (!document.hidden) return onBack()
  rescueAll()
  for (const id of [...localTimers.keys()]) void saveLocal(id)
  for (const id of [...serverTimers.keys()]) pushSoon(id, 0)
}

let stopOnline: (() => void) | null = null
export function startDrafts(nextScope: string): void {
  scope = nextScope
  document.addEventListener('visibilitychange', onHide)
  window.addEventListener('pagehide', rescueAll)
  window.addEventListener('focus', onBack)
  stopOnline = onOnline(() => {
    for (const [id, entry] of drafts) if (entry.dirty) pushSoon(id, 0)
    onBack()
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
  window.removeEventListener('focus', onBack)
  clearTimeout(backTimer)
  drafts.clear()
  for (const known of [unanswered, pushes, heardAt, lastAsked, lastTaken]) known.clear()
  shown = null
  scope = null
}
