/**
 * Files attached to replies that are not sent yet, per conversation. Each is uploaded at once; what is not uploaded is
 * kept on this device with its bytes, what is uploaded by its id (the server keeps it a week), so that a reload or a
 * crash of the browser loses none.
 */
import { createStore, del, get, set, type UseStore } from 'idb-keyval'
import { reactive } from 'vue'
import { ApiError, clientId, type MediaRule } from '@/lib/api'
import { onOnline } from '@/lib/live'
import { judge, type Kind, type Verdict } from '@/lib/media/rules'
import { upload, type Upload } from '@/lib/media/upload'

export const MAX_ATTACHMENTS = 10
export interface Attachment {
  id: string
  name: string
  type: string
  size: number
  kind: Kind
  caption: string
  /** Recorded here: sent as a voice note. */
  voice: boolean
  converted: boolean
  state: 'uploading' | 'ready' | 'failed' | 'refused'
  progress: number
  mediaId: string | null
  /** Why it is refused before the upload. */
  problem: Verdict['problem']
  max: number | null
  /** What the server said of a failed upload; null after a lost connection, whose upload begins again by itself. */
  error: string | null
  /** For which channel. */
  channel: string
}
type Saved = Attachment & { blob: Blob | null }

const lists = reactive(new Map<string, Attachment[]>())
/** Those that were read from this device. */
const opened = new Set<string>()
const blobs = new Map<string, Blob>()
const uploads = new Map<string, Upload>()
let store: UseStore | null = null
let scope = ''

let stopOnline: (() => void) | null = null
export function startAttachments(nextScope: string): void {
  scope = nextScope
  stopOnline = onOnline(() => {
    for (const [conversation, list] of lists)
      for (const each of list) if (each.state === 'failed' && each.error === null) begin(conversation, each.channel, each.id)
  })
}
/** Nothing of one person's shows to the next. */
export function stopAttachments(): void {
  for (const running of uploads.values()) running.cancel()
  uploads.clear()
  blobs.clear()
  lists.clear()
  opened.clear()
  stopOnline?.()
  scope = ''
}

const key = (conversation: string): string => `${scope}|${conversation}`
let changed: (conversation: string) => void = () => undefined
/** Who is told that a conversation's files changed here. */
export const onAttachments = (listener: (conversation: string) => void): void => void (changed = listener)
async function save(conversation: string): Promise<void> {
  changed(conversation)
  await keep(conversation)
}
async function keep(conversation: string): Promise<void> {
  const list = lists.get(conversation) ?? []
  try {
    store ??= createStore('frontdesk-attachments', 'lists')
    if (list.length === 0) await del(key(conversation), store)
    else await set(key(conversation), list.map((each): Saved => ({ ...each, blob: each.mediaId ? null : (blobs.get(each.id) ?? null) })), store)
  } catch {
    // Without IndexedDB they live as long as the page.
  }
}

/** The files of a conversation's reply, read from this device the first time; interrupted uploads begin anew. */
export function openAttachments(conversation: string, channel: string): Attachment[] {
  if (!opened.has(conversation)) {
    opened.add(conversation)
    if (!lists.has(conversation)) lists.set(conversation, [])
    void restore(conversation, channel)
  }
  return lists.get(conversation)!
}
export const attachmentsOf = (conversation: string): Attachment[] => lists.get(conversation) ?? []
async function restore(conversation: string, channel: string): Promise<void> {
  const owner = scope
  let saved: Saved[] | undefined
  try {
    store ??= createStore('frontdesk-attachments', 'lists')
    saved = await get<Saved[]>(key(conversation), store)
  } catch {
    return
  }
  if (owner !== scope || !saved) return
  const list = lists.get(conversation)!
  for (const { blob, ...attachment } of saved) {
    // What is uploaded stands in the draft, which knows best: another device may have sent it meanwhile.
    if (attachment.mediaId || !blob || list.some((each) => each.id === attachment.id)) continue
    list.push(attachment)
    blobs.set(attachment.id, blob)
    if (attachment.state === 'uploading') begin(conversation, channel, attachment.id)
  }
}

type Known = Pick<Attachment, 'name' | 'type' | 'size' | 'kind' | 'caption' | 'voice' | 'mediaId'>
/** Takes over the uploaded files of the draft as another device left it; what is still being uploaded here stays. */
export function adopt(conversation: string, files: readonly Known[]): void {
  const list = lists.get(conversation) ?? []
  const mine = list.filter((each) => each.mediaId === null)
  const theirs = files.map((file): Attachment => {
    const known = list.find((each) => each.mediaId === file.mediaId)
    return known ? { ...known, caption: file.caption } : {
      ...file, id: clientId(), converted: false, state: 'ready', progress: 1, problem: null, max: null, error: null, channel: '',
    }
  })
  lists.set(conversation, [...theirs, ...mine])
  void keep(conversation)
}

/** Attaches files; answers how many were left out because there are too many. */
export function attach(conversation: string, channel: string, files: readonly File[], rules: readonly MediaRule[], recorded?: { converted: boolean }): number {
  const list = openAttachments(conversation, channel)
  // What was recorded exists nowhere else: there is room for it.
  const room = Math.max(recorded ? 1 : 0, MAX_ATTACHMENTS - list.length)
  for (const file of files.slice(0, room)) {
    const verdict = judge(file, rules)
    const id = clientId()
    list.push({
      id, name: file.name || 'file', type: file.type, size: file.size, kind: verdict.kind, caption: '', voice: !!recorded,
      converted: recorded?.converted ?? false, state: verdict.problem ? 'refused' : 'uploading', progress: 0, mediaId: null,
      problem: verdict.problem, max: verdict.problem === 'tooLarge' ? verdict.max : null, error: null, channel,
    })
    if (verdict.problem) continue
    blobs.set(id, file)
    begin(conversation, channel, id)
  }
  void save(conversation)
  return Math.max(0, files.length - room)
}

function begin(conversation: string, channel: string, id: string): void {
  const find = (): Attachment | undefined => lists.get(conversation)?.find((each) => each.id === id)
  const [attachment, blob] = [find(), blobs.get(id)]
  if (!attachment || !blob) return
  Object.assign(attachment, { state: 'uploading', progress: 0, error: null })
  const running = upload(blob, { filename: attachment.name, kind: attachment.kind, channel }, (part) => {
    const current = find()
    if (current) current.progress = part
  })
  uploads.set(id, running)
  running.done
    .then(
      (media) => {
        blobs.delete(id)
        Object.assign(find() ?? {}, { state: 'ready', progress: 1, mediaId: media.media_id })
      },
      (error: unknown) => {
        if (error instanceof DOMException) return
        Object.assign(find() ?? {}, { state: 'failed', error: error instanceof ApiError ? error.message : null })
      },
    )
    .finally(() => {
      uploads.delete(id)
      void save(conversation)
    })
}

export function uploadAgain(conversation: string, channel: string, id: string): void {
  begin(conversation, channel, id)
}
/** Takes a file away; an upload under way is cancelled. */
export function detach(conversation: string, id: string): void {
  uploads.get(id)?.cancel()
  uploads.delete(id)
  blobs.delete(id)
  const list = lists.get(conversation)
  const at = list?.findIndex((each) => each.id === id) ?? -1
  if (at >= 0) list!.splice(at, 1)
  void save(conversation)
}
export function setCaption(conversation: string, id: string, caption: string): void {
  const found = lists.get(conversation)?.find((each) => each.id === id)
  if (!found) return
  found.caption = caption
  void save(conversation)
}
/** A picture of an attachment for the tray: from memory, or from the server once it is there. */
export function previewUrl(attachment: Attachment): string | null {
  if (attachment.kind !== 'image') return null
  return attachment.mediaId ? `/api/v1/media/${attachment.mediaId}/thumbnail` : null
}
/** Hands over what is ready, to be queued. */
export function takeReady(conversation: string): Attachment[] {
  const list = lists.get(conversation) ?? []
  const ready = list.filter((each) => each.state === 'ready')
  lists.set(conversation, list.filter((each) => each.state !== 'ready'))
  void save(conversation)
  return ready.map((each) => ({ ...each }))
}

type Sent = { media_id?: string; caption?: string; filename?: string; voice?: boolean; attachments?: Body[] }
const KINDS: ReadonlySet<string> = new Set(['image', 'video', 'audio', 'document', 'sticker'] satisfies Kind[])
/** The files of a queued message: its own, and those that go together with it. */
function filesIn(body: Body): [kind: Kind, content: Sent & { media_id: string }][] {
  const content = body[body.type] as Sent | undefined
  if (!KINDS.has(body.type) || !content?.media_id) return []
  return [[body.type as Kind, { ...content, media_id: content.media_id }], ...(content.attachments ?? []).flatMap(filesIn)]
}
/** Whether a queued message is one of files. */
export const hasFiles = (body: Body): boolean => filesIn(body).length > 0
/** Puts the files back that were queued and taken back before they went out; false if there are none. */
export function putBack(conversation: string, body: Body): boolean {
  const files = filesIn(body).map(([kind, content]): Attachment => ({
    id: clientId(), name: content.filename ?? kind, type: '', size: 0, kind, caption: content.caption ?? '', voice: content.voice ?? false,
    converted: false, state: 'ready', progress: 1, mediaId: content.media_id, problem: null, max: null, error: null, channel: '',
  }))
  if (files.length === 0) return false
  lists.set(conversation, [...(lists.get(conversation) ?? []), ...files])
  void save(conversation)
  return true
}

const CAPTIONED: ReadonlySet<string> = new Set(['image', 'video', 'document'])
export const MAX_CAPTION = 1024
type Body = { type: string; [content: string]: unknown }
type Content = { media_id: string | null; caption?: string; filename?: string; voice?: boolean; attachments?: Body[] }
/** What a channel takes of files: words under them, and pictures in one message. */
export interface Takes {
  caption: number
  pictures: number
}
/** Whether words can stand under a file. */
export const takesCaption = (kind: string, takes: Pick<Takes, 'caption'>): boolean => CAPTIONED.has(kind) && takes.caption > 0
/**
 * The messages that a reply with files becomes: text goes as the first file's caption where there is room for it, pictures
 * go together where the channel takes that.
 */
export function messagesOf(text: string, files: readonly Attachment[], takes: Takes = { caption: MAX_CAPTION, pictures: 0 }): Body[] {
  const first = files[0]
  const inCaption = !!first && text !== '' && text.length <= Math.min(takes.caption, MAX_CAPTION) && takesCaption(first.kind, takes) && first.caption.trim() === ''
  const bodies: Body[] = text !== '' && !inCaption ? [{ type: 'text', text: { body: text } }] : []
  const own = (file: Attachment): string => file.caption.trim()
  /** The last message of pictures, and how many stand in it. */
  let together: { image: Content; count: number } | null = null
  files.forEach((file, index) => {
    const words = index === 0 && inCaption ? text : own(file)
    const caption = takesCaption(file.kind, takes) && words ? { caption: words } : {}
    if (file.kind === 'image' && together && together.count < takes.pictures && !words) {
      together.image.attachments = [...(together.image.attachments ?? []), { type: 'image', image: { media_id: file.mediaId } }]
      together.count += 1
      return
    }
    const content: Content = {
      media_id: file.mediaId,
      ...caption,
      ...(file.kind === 'document' ? { filename: file.name.slice(0, 240) } : {}),
      ...(file.kind === 'audio' && file.voice ? { voice: true } : {}),
    }
    bodies.push({ type: file.kind, [file.kind]: content })
    together = file.kind === 'image' && takes.pictures > 1 ? { image: content, count: 1 } : null
    // Words that were written under a file go behind it where none can stand there.
    if (words && content.caption === undefined) {
      bodies.push({ type: 'text', text: { body: words } })
      together = null
    }
  })
  return bodies
}
