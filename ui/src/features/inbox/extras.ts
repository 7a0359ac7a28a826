/**
 * What belongs to a draft beside its text: the message that is quoted, the builder's state, attached files that are
 * uploaded, and whether links are tracked. It travels with the draft: kept on this device at once, and on the server for
 * every other one.
 */
import { effectScope, reactive, ref, watch } from 'vue'
import type { NewMessage } from '@/lib/api'
import { adopt, attachmentsOf, onAttachments, type Attachment } from '@/lib/attachments'
import { draftScope, heldDraft, openDraft, pack, writeDraft, type DraftEntry } from '@/lib/drafts'
import { asList, asObject, asText, numberOf } from './content/read'
import type { BuilderState } from './builder/model'

export interface Extras {
  quote: string | null
  builder: BuilderState | null
  track: boolean
}
type File = Pick<Attachment, 'name' | 'type' | 'size' | 'kind' | 'caption' | 'voice' | 'mediaId'>
interface Kept {
  extras: Extras
  draft: DraftEntry
  /** Something was changed here before the draft was read: it is not overwritten by what was kept. */
  touched: boolean
}
/** The conversation whose builder is open. */
export const builderOpen = ref<string | null>(null)
const KINDS: readonly string[] = ['image', 'video', 'audio', 'document', 'sticker']
/** More than are attached at a time: what was taken back comes to them. */
const MAX_FILES = 40
const all = new Map<string, Kept>()
const name = (conversation: string): string => `${draftScope() ?? ''}|${conversation}`

/** As it is kept: nothing where there is nothing. */
function packed(conversation: string, { quote, builder, track }: Extras): string {
  const files = attachmentsOf(conversation).filter((file) => file.state === 'ready' && file.mediaId)
    .map(({ name, type, size, kind, caption, voice, mediaId }): File => ({ name, type, size, kind, caption, voice, mediaId }))
  return pack({ ...(quote && { quote }), ...(builder && { builder }), ...(track && { track }), ...(files.length > 0 && { files }) })
}

/** Reads what was kept, by this version of the app or another. */
export function unpacked(text: string): Extras & { files: File[] } {
  let read: unknown
  try {
    read = text === '' ? {} : JSON.parse(text)
  } catch {
    read = {}
  }
  const { quote, builder, track, files } = asObject(read)
  const isBuilder = typeof asObject(builder).kind === 'string'
  return {
    quote: asText(quote) || null, builder: isBuilder ? (builder as BuilderState) : null, track: track === true,
    files: asList(files).slice(0, MAX_FILES).map(asObject).filter((file) => asText(file.mediaId) && KINDS.includes(asText(file.kind))).map((file) => ({
      name: asText(file.name) || 'file', type: asText(file.type), size: numberOf(file.size) ?? 0, kind: file.kind as File['kind'],
      caption: asText(file.caption), voice: file.voice === true, mediaId: asText(file.mediaId),
    })),
  }
}

function keptOf(conversation: string): Kept {
  const known = all.get(name(conversation))
  // After somebody signed in again the draft is another one.
  if (known && known.draft === heldDraft(conversation)) return known
  const kept: Kept = { extras: reactive({ quote: null, builder: null, track: false }), draft: heldDraft(conversation) ?? openDraft(conversation), touched: false }
  all.set(name(conversation), kept)
  const apply = (): void => {
    if (!kept.draft.loaded || kept.draft.extras === packed(conversation, kept.extras)) return
    if (kept.touched) return write(conversation, kept)
    const { files, ...extras } = unpacked(kept.draft.extras)
    Object.assign(kept.extras, extras)
    adopt(conversation, files)
  }
  // Lives as long as the person is signed in, like the draft itself.
  effectScope(true).run(() => watch(() => [kept.draft.loaded, kept.draft.extras] as const, apply, { immediate: true }))
  return kept
}
function write(conversation: string, kept: Kept): void {
  kept.touched = !kept.draft.loaded
  if (kept.draft.loaded) writeDraft(conversation, { extras: packed(conversation, kept.extras) })
}

export const extrasOf = (conversation: string): Extras => keptOf(conversation).extras
export function setExtras(conversation: string, change: Partial<Extras>): void {
  const kept = keptOf(conversation)
  Object.assign(kept.extras, change)
  write(conversation, kept)
}
onAttachments((conversation) => write(conversation, keptOf(conversation)))
export function openBuilder(conversation: string, builder: BuilderState): void {
  setExtras(conversation, { builder })
  builderOpen.value = conversation
}
/** What went along with a message that is taken back: its quote, unless another is chosen by now, and that links are counted. */
export function restoreExtras(conversation: string, body: Pick<NewMessage, 'context' | 'track_links'>): void {
  const quote = extrasOf(conversation).quote ?? body.context?.message_id ?? null
  setExtras(conversation, { quote, ...(body.track_links && { track: true }) })
}
export const setQuote = (conversation: string, quote: string | null): void => setExtras(conversation, { quote })
