import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { heldDraft, openDraft, refreshDraft, settleOther, showDraft, startDrafts, stopDrafts, writeDraft } from '@/lib/drafts'

const disk = vi.hoisted(() => new Map<string, unknown>())
vi.mock('idb-keyval', () => ({
  set: async (key: string, value: unknown) => void disk.set(key, structuredClone(value)), get: async (key: string) => disk.get(key),
  del: async (key: string) => void disk.delete(key), createStore: () => ({}), entries: async () => [],
}))
const online = vi.hoisted(() => new Set<() => void>())
vi.mock('@/lib/live', () => ({ onOnline: (handler: () => void) => (online.add(handler), () => online.delete(handler)) }))

interface Texts { reply: string; note: string; extras?: object }
/** The server's one draft, as another device and this one write it. */
const server = { draft: null as (Texts & { updated_at: string }) | null, at: 0, puts: [] as string[], gets: 0 }
function left(texts: Partial<Texts>): void {
  server.at += 1
  const draft = { reply: '', note: '', ...texts }
  server.draft = draft.reply || draft.note || draft.extras ? { ...draft, updated_at: `2026-11-20T10:00:${String(server.at).padStart(2, '0')}.000000Z` } : null
}
const shownNow = (): object => server.draft ?? { reply: '', note: '', updated_at: null }
/** Answers that wait until the test lets them go, as a slow network does. */
let slow: Promise<void> | null = null
let lost = 0
async function answer(request: Request): Promise<Response> {
  if (request.method === 'GET') {
    server.gets += 1
    const then = shownNow()
    const wait = slow
    slow = null
    await wait
    return Response.json(then)
  }
  const body = (await request.json()) as Texts
  server.puts.push(body.reply)
  left(body)
  if (lost > 0) {
    lost -= 1
    throw new TypeError('network')
  }
  return Response.json({ ...body, updated_at: server.draft?.updated_at ?? '2026-11-20T11:00:00.000000Z' })
}

const ID = 'cv_1'
const settle = (ms = 0): Promise<unknown> => vi.advanceTimersByTimeAsync(ms)
const comeBack = async (): Promise<void> => {
  window.dispatchEvent(new Event('focus'))
  await settle(100)
}
async function begin(text: string): Promise<ReturnType<typeof openDraft>> {
  left({ reply: text })
  const draft = showDraft(ID)
  await settle(10)
  expect(draft).toMatchObject({ reply: text, dirty: false })
  return draft
}

describe('a draft on two devices', () => {
  beforeEach(() => {
    vi.useFakeTimers()
    vi.stubGlobal('fetch', answer)
    Object.assign(server, { draft: null, at: 0, puts: [], gets: 0 })
    ;[slow, lost] = [null, 0]
    disk.clear()
    localStorage.clear()
    startDrafts(`w:${Math.random()}`)
  })
  afterEach(async () => {
    await stopDrafts()
    vi.unstubAllGlobals()
    vi.useRealTimers()
  })

  it.each([
    ['the window is in front again', () => window.dispatchEvent(new Event('focus'))],
    ['the page is seen again', () => document.dispatchEvent(new Event('visibilitychange'))],
    ['the connection is back', () => online.forEach((handler) => handler())],
  ])('is shown as the other device left it when %s', async (_, back) => {
    const draft = await begin('Hello')
    left({ reply: 'Hello, your cake is ready' })
    back()
    await settle(100)
    expect(draft).toMatchObject({ reply: 'Hello, your cake is ready', dirty: false, other: null })
    // Sent from there, it is nowhere a draft any more.
    left({})
    back()
    await settle(100)
    expect(draft).toMatchObject({ reply: '', dirty: false })
    expect(server.puts).toEqual([])
  })
  it('asks the server once when focus and visibility come together', async () => {
    await begin('Hello')
    const before = server.gets
    document.dispatchEvent(new Event('visibilitychange'))
    await comeBack()
    expect(server.gets).toBe(before + 1)
  })
  it('never writes over what the other device left, even if nothing told of it', async () => {
    const draft = await begin('Hello')
    await settle(60_000)
    left({ reply: 'Hello, your cake is ready' })
    writeDraft(ID, { reply: 'Hello!' })
    await settle(30_000)
    expect(server.puts).toEqual([])
    expect(draft).toMatchObject({ reply: 'Hello!', dirty: true, other: { reply: 'Hello, your cake is ready' } })
    // The question stands as often as one comes back, and after a restart.
    await comeBack()
    expect(draft.other?.reply).toBe('Hello, your cake is ready')
    expect([...disk.values()]).toMatchObject([{ reply: 'Hello!', dirty: true }])
    settleOther(ID, false)
    await settle(3000)
    expect(server.puts).toEqual(['Hello!'])
    expect(draft).toMatchObject({ reply: 'Hello!', dirty: false, other: null })
  })
  it('asks again after a restart while neither was chosen', async () => {
    const scope = `w:${Math.random()}`
    startDrafts(scope)
    await begin('Hello')
    left({ reply: 'theirs' })
    writeDraft(ID, { reply: 'mine' })
    await settle(3000)
    await stopDrafts()
    startDrafts(scope)
    const draft = showDraft(ID)
    await settle(10)
    expect(draft).toMatchObject({ reply: 'mine', other: { reply: 'theirs' } })
    settleOther(ID, true)
    await settle(3000)
    expect(draft).toMatchObject({ reply: 'theirs', dirty: false, other: null })
    expect(server.draft?.reply).toBe('theirs')
  })
  it('keeps the offer after what stood here was sent', async () => {
    const draft = await begin('Hello')
    left({ reply: 'theirs' })
    writeDraft(ID, { reply: 'Hello!' })
    await settle(3000)
    writeDraft(ID, { reply: '' })
    await settle(3000)
    await comeBack()
    expect(draft).toMatchObject({ reply: '', other: { reply: 'theirs' } })
    expect(server.draft?.reply).toBe('theirs')
  })
  it('is not put back by an answer older than what was sent during it', async () => {
    const draft = await begin('Hello')
    writeDraft(ID, { reply: 'Hello there' })
    await settle(1)
    let release = (): void => undefined
    slow = new Promise((resolve) => (release = resolve))
    refreshDraft(ID)
    await settle(3000)
    expect(server.puts).toEqual(['Hello there'])
    release()
    await settle(100)
    expect(draft).toMatchObject({ reply: 'Hello there', dirty: false, other: null })
  })
  it('is not put back by an older answer that comes after a newer one', async () => {
    const draft = await begin('Hello')
    let release = (): void => undefined
    slow = new Promise((resolve) => (release = resolve))
    left({ reply: 'theirs' })
    // The first key asks, and the answer is slow.
    writeDraft(ID, { reply: 'mine' })
    await settle(1)
    left({ reply: 'theirs, longer' })
    await comeBack()
    expect(draft.other?.reply).toBe('theirs, longer')
    release()
    await settle(100)
    expect(draft.other?.reply).toBe('theirs, longer')
  })
  it('knows its own text of which only the answer was lost', async () => {
    const draft = await begin('')
    lost = 1
    writeDraft(ID, { reply: 'Hel' })
    await settle(2000)
    expect(server.draft?.reply).toBe('Hel')
    writeDraft(ID, { reply: 'Hello' })
    await comeBack()
    expect(draft).toMatchObject({ reply: 'Hello', other: null })
    await settle(40_000)
    expect(draft).toMatchObject({ reply: 'Hello', dirty: false, other: null })
  })
  it('joins what was typed before the stored draft was read', async () => {
    const scope = `w:${Math.random()}`
    startDrafts(scope)
    disk.set(`draft:${scope}:${ID}`, { reply: 'Kept', note: '', extras: '', editedAt: 5, base: null, dirty: true })
    showDraft(ID)
    writeDraft(ID, { reply: 'typed' })
    await settle(3000)
    expect(heldDraft(ID)).toMatchObject({ reply: 'Kept\ntyped', dirty: false, other: null })
    expect(server.puts.at(-1)).toBe('Kept\ntyped')
  })
})
