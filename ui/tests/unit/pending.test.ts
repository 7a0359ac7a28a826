import { flushPromises, mount, type VueWrapper } from '@vue/test-utils'
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { ensureTexts, i18n, setLanguage } from '@/app/i18n'
import { builderOpen, extrasOf, setExtras, unpacked } from '@/features/inbox/extras'
import PendingBubble from '@/features/inbox/PendingBubble.vue'
import { composeRequest } from '@/features/inbox/state'
import { blank, toBody } from '@/features/inbox/builder/model'
import type { NewMessage } from '@/lib/api'
import { attachmentsOf, messagesOf, openAttachments, startAttachments, stopAttachments, takeReady } from '@/lib/attachments'
import { heldDraft, openDraft, startDrafts, stopDrafts } from '@/lib/drafts'
import { enqueue, outbox, type OutboxItem } from '@/lib/outbox'

vi.mock('idb-keyval', () => ({ createStore: () => ({}), set: async () => undefined, get: async () => undefined, del: async () => undefined, entries: async () => [] }))

const ID = 'cv_1'
const UNDO = 60_000
async function show(item: OutboxItem): Promise<VueWrapper> {
  const made = mount(PendingBubble, { props: { item }, global: { plugins: [i18n] } })
  // The builder's model is a part of its own.
  await vi.dynamicImportSettled()
  await flushPromises()
  return made
}
const labels = (made: VueWrapper): string[] => made.findAll('button').map((each) => each.text())
const press = async (made: VueWrapper, label: string): Promise<void> => {
  await made.findAll('button').find((each) => each.text() === label)!.trigger('click')
  await flushPromises()
}
const send = (body: object): OutboxItem => enqueue(ID, { kind: 'message', body: body as NewMessage }, UNDO).item
const failed = (body: object): OutboxItem => {
  const item = { ...send(body), state: 'failed', attempts: 1, error: { code: 'refused', detail: 'No', alternatives: [], traceId: null } } as OutboxItem
  outbox.set(item.id, item)
  return item
}

describe('a message that is taken back', () => {
  beforeAll(async () => {
    await setLanguage('en')
    await ensureTexts('inbox', 'content', 'common', 'thread')
  })
  beforeEach(async () => {
    vi.stubGlobal('fetch', async () => Response.json({ reply: '', note: '', updated_at: null }))
    startDrafts(`w:${Math.random()}`)
    startAttachments('w')
    openDraft(ID)
    openAttachments(ID, 'ch_1')
    await vi.waitFor(() => expect(heldDraft(ID)?.loaded).toBe(true))
    composeRequest.value = null
    builderOpen.value = null
  })
  afterEach(async () => {
    outbox.clear()
    await stopDrafts()
    stopAttachments()
  })

  it('has all its pictures again, its quote, and its links counted', async () => {
    const pictures = ['md_1', 'md_2', 'md_3'].map((media_id) => ({ type: 'image', image: { media_id } }))
    const [first, ...others] = pictures
    const body = { type: 'image', image: { ...first!.image, caption: 'Fresh', attachments: others }, context: { message_id: 'ms_q' }, track_links: true }
    const made = await show(send(body))
    await press(made, 'Undo sending')
    expect(outbox.size).toBe(0)
    expect(attachmentsOf(ID).map(({ mediaId, caption, state }) => [mediaId, caption, state])).toEqual([['md_1', 'Fresh', 'ready'], ['md_2', '', 'ready'], ['md_3', '', 'ready']])
    expect(extrasOf(ID)).toMatchObject({ quote: 'ms_q', track: true })
    // All of it is in the draft, for this device and every other one, and goes out again as it was.
    expect(unpacked(heldDraft(ID)!.extras)).toMatchObject({ quote: 'ms_q', track: true, files: [{ mediaId: 'md_1' }, { mediaId: 'md_2' }, { mediaId: 'md_3' }] })
    expect(messagesOf('', takeReady(ID), { caption: 1024, pictures: 10 })).toEqual([{ type: 'image', image: body.image }])
  })
  it('keeps more files in the draft than are attached at a time', async () => {
    for (let at = 0; at < 12; at += 1) await press(await show(send({ type: 'image', image: { media_id: `md_${at}` } })), 'Undo sending')
    expect(unpacked(heldDraft(ID)!.extras).files).toHaveLength(12)
  })
  it('has its words and its quote again, but not in place of one that was chosen since', async () => {
    const text = (body: string, quote: string): object => ({ type: 'text', text: { body }, context: { message_id: quote } })
    await press(await show(send(text('One', 'ms_1'))), 'Undo sending')
    expect(composeRequest.value).toMatchObject({ mode: 'reply', text: 'One' })
    expect(extrasOf(ID).quote).toBe('ms_1')
    await press(await show(failed(text('Two', 'ms_2'))), 'Edit')
    expect(composeRequest.value).toMatchObject({ mode: 'reply', text: 'Two' })
    expect(extrasOf(ID).quote).toBe('ms_1')
  })
  it('is open in the builder again with its quote, unless something else is being built', async () => {
    const built = { ...toBody({ ...blank('button'), body: 'Which?', buttons: [{ id: 'a', title: 'Rolls' }] }), context: { message_id: 'ms_q' } }
    await press(await show(send(built)), 'Undo sending')
    expect(builderOpen.value).toBe(ID)
    expect(extrasOf(ID)).toMatchObject({ quote: 'ms_q', builder: { kind: 'button', body: 'Which?' } })
    const second = await show(failed(built))
    expect(labels(second)).toEqual(['Send again', 'Delete'])
    setExtras(ID, { builder: null })
    await flushPromises()
    expect(labels(second)).toEqual(['Send again', 'Edit', 'Delete'])
  })
  it('is not offered for changing where it could not be put back', async () => {
    const template = { type: 'template', template: { name: 'ready', language: { code: 'en' }, components: [{ type: 'body', parameters: [{ type: 'text', text: 'Asha' }] }] } }
    expect(labels(await show(failed(template)))).toEqual(['Send again', 'Delete'])
    // A header picture of which only the provider knows.
    const foreign = { type: 'interactive', interactive: { type: 'button', header: { type: 'image', image: { id: '77' } }, body: { text: 'Which?' }, action: { buttons: [{ type: 'reply', reply: { id: 'a', title: 'A' } }] } } }
    const held = await show(send(foreign))
    expect(labels(held)).toEqual(['Delete'])
    await press(held, 'Delete')
    expect([...outbox.values()].map((item) => item.state)).toEqual(['failed'])
    expect(composeRequest.value).toBeNull()
  })
  it('is just gone where nothing was written', async () => {
    await press(await show(send({ type: 'like_heart', like_heart: {} })), 'Undo sending')
    expect(outbox.size).toBe(0)
    expect(composeRequest.value).toBeNull()
  })
  it('has what was said about a comment to copy', async () => {
    expect(labels(await show(failed({ type: 'comment_reply', comment_reply: { text: 'Thanks!' }, context: { message_id: 'ms_c' } })))).toEqual(['Send again', 'Copy', 'Delete'])
  })
})
