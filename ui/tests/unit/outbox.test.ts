import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { unseen } from '@/features/inbox/thread'
import { set } from 'idb-keyval'
import { due, enqueue, isDoubtful, onRefused, onSettled, outbox, retry, startOutbox, stopOutbox, withdraw, type OutboxItem } from '@/lib/outbox'

vi.mock('idb-keyval', () => {
  const disk = new Map<string, unknown>()
  return {
    createStore: () => ({}), set: async (key: string, value: unknown) => void disk.set(key, structuredClone(value)), get: async (key: string) => disk.get(key),
    del: async (key: string) => void disk.delete(key), entries: async () => [...disk.entries()],
  }
})

const item = (id: string, order: number, more: Partial<OutboxItem> = {}): OutboxItem => ({
  kind: 'message', body: { type: 'text', text: { body: id } }, id, tab: 't', conversation: 'k', order, createdAt: 0, notBefore: 0,
  state: 'waiting', attempts: 0, triedAt: null, error: null, ...more,
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
      if (request.method !== 'GET') expect(request.headers.get('x-frontdesk')).toBe('1')
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
  it('closes no conversation late in which the customer has written since', async () => {
    const seen = 'ms_1'
    const now = (last: object) => (): Response => Response.json({ id: 'k', version: 7, contact: { name: 'Neema' }, last_message: last })
    const close = async (last: object | null, minutes: number, status: 'resolved' | 'open' = 'resolved'): Promise<string[]> => {
      calls.length = 0
      answers = last ? [now(last)] : []
      const at = vi.spyOn(Date, 'now').mockReturnValueOnce(Date.now() - minutes * 60_000)
      enqueue('k', { kind: 'patch', body: { status }, seen })
      at.mockRestore()
      await until(() => outbox.size === 0)
      return calls.map(({ body }) => body)
    }
    const refused = vi.fn()
    const handlers = onRefused(refused)
    expect(await close(null, 0)).toEqual(['{"status":"resolved"}'])
    expect(await close(null, 5, 'open')).toEqual(['{"status":"open"}'])
    expect(await close({ id: seen, direction: 'inbound' }, 5)).toEqual(['', '{"status":"resolved"}'])
    expect(await close({ id: 'ms_2', direction: 'outbound' }, 5)).toEqual(['', '{"status":"resolved"}'])
    expect(refused).not.toHaveBeenCalled()
    expect(await close({ id: 'ms_2', direction: 'inbound' }, 5)).toEqual([''])
    expect(refused.mock.lastCall?.[1]).toMatchObject({ code: 'conversation_changed' })
    handlers.clear()
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

describe('what tabs leave behind', () => {
  const HOUR = 3_600_000
  /** Locks that tabs hold, and in turn. */
  const held = new Set<string>()
  const sent: string[] = []
  const disk = {} as never
  let runs = 0
  const left = (id: string, more: Partial<OutboxItem> = {}, owner = 'w:tabs'): Promise<void> =>
    set(`${owner}|${id}`, item(id, 1, { tab: 'gone', conversation: id, createdAt: Date.now(), ...more }), disk)
  const locks = {
    request: async (name: string, ...rest: unknown[]): Promise<unknown> => {
      held.add(name)
      try {
        return await (rest.at(-1) as () => Promise<unknown>)()
      } finally {
        held.delete(name)
      }
    },
    query: async () => {
      runs += 1
      return { held: [...held].map((name) => ({ name })), pending: [] }
    },
  }
  beforeEach(async () => {
    vi.useFakeTimers()
    held.clear()
    sent.length = 0
    vi.stubGlobal('navigator', { locks, onLine: true })
    vi.stubGlobal('fetch', async (request: Request) => {
      sent.push(request.headers.get('idempotency-key') ?? '')
      return Response.json({ id: 'm1' }, { status: 202 })
    })
    await startOutbox('w:tabs')
    runs = 0
  })
  afterEach(() => {
    stopOutbox()
    vi.unstubAllGlobals()
    vi.useRealTimers()
  })

  it('is sent by another one within half a minute, once the first is closed', async () => {
    held.add('frontdesk-tab:gone')
    await left('a', { notBefore: Date.now() + 5000 })
    await vi.advanceTimersByTimeAsync(40_000)
    expect(sent).toEqual([])
    held.delete('frontdesk-tab:gone')
    await vi.advanceTimersByTimeAsync(30_000)
    expect(sent).toEqual(['a'])
    await vi.advanceTimersByTimeAsync(60_000)
    expect([sent.length, outbox.size]).toEqual([1, 0])
  })
  it('is sent at once when another one is looked at, after its undo period', async () => {
    await left('a', { notBefore: Date.now() + 5000 })
    document.dispatchEvent(new Event('visibilitychange'))
    await vi.advanceTimersByTimeAsync(100)
    expect([sent.length, outbox.get('a')?.state]).toEqual([0, 'waiting'])
    await vi.advanceTimersByTimeAsync(5000)
    expect(sent).toEqual(['a'])
  })
  it('is looked for by one run at a time', async () => {
    for (let i = 0; i < 5; i += 1) document.dispatchEvent(new Event('visibilitychange'))
    await vi.advanceTimersByTimeAsync(100)
    expect(runs).toBe(1)
  })
  it('is left alone between starts where the browser cannot tell which tabs are open', async () => {
    vi.stubGlobal('navigator', { locks: undefined, onLine: true })
    await left('a')
    await vi.advanceTimersByTimeAsync(60_000)
    expect(sent).toEqual([])
    stopOutbox()
    await startOutbox('w:tabs')
    await vi.advanceTimersByTimeAsync(100)
    expect(sent).toEqual(['a'])
  })
  it('is nobody else’s, and is no longer held by a tab whose person left', async () => {
    await left('b', {}, 'w:other')
    await vi.advanceTimersByTimeAsync(60_000)
    expect(sent).toEqual([])
    expect([...held].filter((name) => name.startsWith('frontdesk-tab:'))).toHaveLength(1)
    stopOutbox()
    await vi.advanceTimersByTimeAsync(100)
    expect(held.size).toBe(0)
  })
  it('does not go out again by itself when the server may have forgotten that it had it', async () => {
    const refused = vi.fn()
    const handlers = onRefused(refused)
    await left('old', { triedAt: Date.now() - 49 * HOUR, attempts: 1 })
    await left('new', { triedAt: Date.now() - 47 * HOUR, attempts: 1 })
    await left('never', { createdAt: Date.now() - 90 * HOUR })
    await vi.advanceTimersByTimeAsync(40_000)
    expect(sent.sort()).toEqual(['never', 'new'])
    expect(outbox.get('old')).toMatchObject({ state: 'failed', error: { code: 'answer_lost' } })
    expect(refused).toHaveBeenCalledOnce()
    handlers.clear()
    // The person has looked, and wants it sent.
    retry('old')
    await vi.advanceTimersByTimeAsync(100)
    expect(sent).toContain('old')
    expect(outbox.size).toBe(0)
  })
  it('says when it was on its way, as soon as it is', async () => {
    vi.stubGlobal('fetch', () => new Promise(() => undefined))
    const { item: mine } = enqueue('k', { kind: 'message', body: { type: 'text', text: { body: 'x' } } })
    await vi.advanceTimersByTimeAsync(100)
    // The browser is closed while the request is under way, and opened again two days later.
    stopOutbox()
    await vi.advanceTimersByTimeAsync(49 * HOUR)
    await startOutbox('w:tabs')
    await vi.advanceTimersByTimeAsync(100)
    expect(outbox.get(mine.id)).toMatchObject({ state: 'failed', attempts: 1, error: { code: 'answer_lost' } })
  })
  it('was not on its way without a network', async () => {
    vi.stubGlobal('navigator', { locks, onLine: false })
    vi.stubGlobal('fetch', () => Promise.reject(new TypeError('offline')))
    const { item: mine } = enqueue('k', { kind: 'message', body: { type: 'text', text: { body: 'x' } } })
    await vi.advanceTimersByTimeAsync(49 * HOUR)
    expect(outbox.get(mine.id)).toMatchObject({ state: 'waiting', triedAt: null })
  })
  it('that only changes a conversation goes out however late', () =>
    expect(isDoubtful(item('p', 1, { kind: 'patch', body: {}, triedAt: 0 } as Partial<OutboxItem>), 90 * HOUR)).toBe(false))
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
