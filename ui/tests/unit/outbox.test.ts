import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { unseen } from '@/features/inbox/thread'
import { due, enqueue, onRefused, onSettled, outbox, retry, startOutbox, stopOutbox, withdraw, type OutboxItem } from '@/lib/outbox'

vi.mock('idb-keyval', () => {
  const disk = new Map<string, unknown>()
  return {
    createStore: () => ({}), set: async (key: string, value: unknown) => void disk.set(key, structuredClone(value)), get: async (key: string) => disk.get(key),
    del: async (key: string) => void disk.delete(key), entries: async () => [...disk.entries()],
  }
})

const item = (id: string, order: number, more: Partial<OutboxItem> = {}): OutboxItem => ({
  kind: 'message', body: { type: 'text', text: { body: id } }, id, tab: 't', conversation: 'k', order, createdAt: 0, notBefore: 0,
  state: 'waiting', attempts: 0, error: null, ...more,
} as OutboxItem)

describe('what may go now', () => {
  const ids = (items: OutboxItem[], rest: [string, number][] = [], at = 100): string => due(items, new Map(rest), at).map((each) => each.id).join()
  it('is the first of each lane', () => {
    expect(ids([item('b', 2), item('a', 1), item('c', 3, { conversation: 'other' })])).toBe('a,c')
    expect(ids([item('a', 1), item('p', 2, { kind: 'patch', body: {} } as Partial<OutboxItem>)])).toBe('a,p')
  })
  it('waits behind one that is on its way, but not behind a refused one', () => {
    expect(ids([item('a', 1, { state: 'sending' }), item('b', 2)])).toBe('')
    expect(ids([item('a', 1, { state: 'failed' }), item('b', 2)])).toBe('b')
  })
  it('respects the undo period and the rest after a failure', () => {
    expect(ids([item('a', 1, { notBefore: 101 })])).toBe('')
    expect(ids([item('a', 1)], [['k:send', 101]])).toBe('')
    expect(ids([item('a', 1)], [['k:send', 100]])).toBe('a')
  })
})

describe('sending', () => {
  const calls: { url: string; key: string | null; body: string }[] = []
  let answers: (() => Response)[] = []
  const message = (): Response => Response.json({ id: 'm1' }, { status: 202 })
  const lost = (): Response => {
    throw new TypeError('network')
  }
  const problem = (status: number, code: string, headers = {}) => (): Response =>
    new Response(JSON.stringify({ status, code, title: code, detail: `because ${code}` }), { status, headers: { 'content-type': 'application/problem+json', ...headers } })
  const until = async (what: () => boolean): Promise<void> => {
    await vi.waitFor(() => expect(what()).toBe(true), { timeout: 5000 })
  }

  beforeEach(async () => {
    calls.length = 0
    answers = []
    vi.stubGlobal('fetch', async (request: Request) => {
      calls.push({ url: new URL(request.url).pathname, key: request.headers.get('idempotency-key'), body: await request.text() })
      expect(request.headers.get('x-frontdesk')).toBe('1')
      return (answers.shift() ?? message)()
    })
    await startOutbox(`w:${Math.random()}`)
  })
  afterEach(() => {
    stopOutbox()
    vi.unstubAllGlobals()
    vi.useRealTimers()
  })
  const write = (text: string, delay = 0) => enqueue('k', { kind: 'message', body: { type: 'text', text: { body: text } } }, delay)

  it('keeps the order within a conversation and tells the result', async () => {
    const done: string[] = []
    const handlers = onSettled((settled) => done.push(settled.id))
    const [a, b] = [write('one').item, write('two').item]
    await until(() => outbox.size === 0)
    expect(calls.map((call) => (JSON.parse(call.body) as { text: { body: string } }).text.body)).toEqual(['one', 'two'])
    expect(done).toEqual([a.id, b.id])
    handlers.clear()
  })
  it('repeats a lost attempt with the same key', async () => {
    answers = [lost, message]
    const { item: sent } = write('again')
    await until(() => outbox.size === 0)
    expect(calls.map((call) => call.key)).toEqual([sent.id, sent.id])
  })
  it('sets a refused message aside with its reason, goes on, and can be retried', async () => {
    const refused = vi.fn()
    const handlers = onRefused(refused)
    answers = [problem(409, 'window_closed')]
    const { item: first } = write('too late')
    write('next')
    await until(() => outbox.size === 1 && calls.length === 2)
    expect(outbox.get(first.id)).toMatchObject({ state: 'failed', error: { code: 'window_closed', detail: 'because window_closed' } })
    expect(refused).toHaveBeenCalledOnce()
    retry(first.id)
    await until(() => outbox.size === 0)
    expect(calls.at(-1)?.key).toBe(first.id)
    handlers.clear()
  })
  it('waits as long as the server asks', async () => {
    answers = [problem(503, 'busy', { 'retry-after': '1' }), message]
    const started = Date.now()
    write('patience')
    await until(() => outbox.size === 0)
    expect(Date.now() - started).toBeGreaterThanOrEqual(950)
  })
  it('keeps everything when the session ended', async () => {
    answers = [problem(401, 'unauthenticated')]
    const { item: kept } = write('still mine')
    await until(() => calls.length === 1 && outbox.get(kept.id)?.state === 'waiting')
    expect(outbox.get(kept.id)?.body).toEqual({ type: 'text', text: { body: 'still mine' } })
  })
  it('can be taken back within the undo period only', async () => {
    const { item: held } = write('oops', 60_000)
    expect(withdraw(held.id)?.id).toBe(held.id)
    expect(outbox.size).toBe(0)
    expect(calls).toEqual([])
  })
  it('finds what was waiting after a restart', async () => {
    stopOutbox()
    await startOutbox('w:crash')
    answers = [lost]
    const { item: kept, saved } = write('before the crash')
    expect(await saved).toBe(true)
    await until(() => calls.length === 1)
    stopOutbox()
    expect(outbox.size).toBe(0)
    await startOutbox('w:crash')
    await until(() => calls.length === 2 && outbox.size === 0)
    expect(calls[1]?.key).toBe(kept.id)
  })
})

describe('a message that the live feed brings before its own answer', () => {
  const twin = (id: string, body: string): never =>
    ({ id, type: 'text', text: { body }, author: { kind: 'user', id: 'me' }, created_at: new Date().toISOString() }) as never
  it('is shown once, and equal texts are counted', () => {
    const now = Date.now()
    const sending = (id: string) => item(id, 1, { state: 'sending', createdAt: now, body: { type: 'text', text: { body: 'ok' } } } as Partial<OutboxItem>)
    expect(unseen([sending('a'), sending('b')], [twin('m', 'ok')], 'me').map((each) => each.id)).toEqual(['b'])
    expect(unseen([sending('a')], [twin('m', 'ok')], 'other').map((each) => each.id)).toEqual(['a'])
    expect(unseen([item('w', 1, { body: { type: 'text', text: { body: 'ok' } } } as Partial<OutboxItem>)], [twin('m', 'ok')], 'me')).toHaveLength(1)
  })
})
