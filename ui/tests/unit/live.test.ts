import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { LiveSocket, type LiveHandlers } from '@/lib/live/socket'

class FakeSocket {
  static all: FakeSocket[] = []
  onmessage: ((event: { data: unknown }) => void) | null = null
  onclose: (() => void) | null = null
  readyState = 1
  sent: string[] = []
  constructor(readonly url: string) {
    FakeSocket.all.push(this)
  }
  send(text: string): void {
    this.sent.push(text)
  }
  close(): void {
    this.readyState = 3
  }
  say(...frames: unknown[]): void {
    for (const frame of frames) this.onmessage?.({ data: typeof frame === 'string' ? frame : JSON.stringify(frame) })
  }
}
const event = (seq: number) => ({ seq, type: 'message.created', at: '', data: {} })

describe('the live socket', () => {
  let flush: () => void = () => undefined
  const handlers = { events: vi.fn<LiveHandlers['events']>(), reset: vi.fn(), presence: vi.fn(), state: vi.fn() }
  let live: LiveSocket
  const last = (): FakeSocket => FakeSocket.all.at(-1)!
  const seqs = (): number[] => handlers.events.mock.calls.flatMap(([batch]) => batch.map((each) => each.seq))

  beforeEach(() => {
    vi.useFakeTimers()
    vi.clearAllMocks()
    FakeSocket.all = []
    live = new LiveSocket(handlers, {
      url: (after) => `ws://x/live${after === null ? '' : `?after=${after}`}`, open: (url) => new FakeSocket(url) as unknown as WebSocket,
      schedule: (run) => (flush = run), random: () => 0,
    })
    live.start()
  })
  afterEach(() => {
    live.stop()
    vi.useRealTimers()
  })

  it('hands events on in one batch per frame', () => {
    last().say({ type: 'hello', seq: 5 }, event(6), event(7))
    expect(handlers.events).not.toHaveBeenCalled()
    flush()
    expect(handlers.events.mock.calls[0]?.[0]).toHaveLength(2)
  })
  it('resumes after the last event it has seen and drops repeats', () => {
    last().say({ type: 'hello', seq: 5 }, event(6))
    last().onclose?.()
    vi.advanceTimersByTime(500)
    expect(last().url).toBe('ws://x/live?after=6')
    last().say({ type: 'hello', seq: 9 }, event(6), event(7))
    flush()
    expect(seqs()).toEqual([6, 7])
    expect(handlers.reset).toHaveBeenCalledTimes(1)
  })
  it('asks for a refetch when the server is too far ahead, or was set back', () => {
    last().say({ type: 'hello', seq: 5 }, { type: 'reset', seq: 900 })
    expect(handlers.reset).toHaveBeenCalledTimes(2)
    expect(live.cursor).toBe(900)
    last().say({ type: 'hello', seq: 3 })
    expect(live.cursor).toBe(3)
    expect(handlers.reset).toHaveBeenCalledTimes(3)
  })
  it('refetches rather than replaying thousands of events', () => {
    last().say({ type: 'hello', seq: 0 }, ...Array.from({ length: 2001 }, (_, index) => event(index + 1)))
    flush()
    expect(handlers.reset).toHaveBeenCalledTimes(2)
    expect(handlers.events).not.toHaveBeenCalled()
  })
  it('waits longer after each failure, and not at all when told', () => {
    last().onclose?.()
    vi.advanceTimersByTime(250)
    expect(FakeSocket.all).toHaveLength(2)
    last().onclose?.()
    vi.advanceTimersByTime(250)
    expect(FakeSocket.all).toHaveLength(2)
    live.reconnect()
    expect(FakeSocket.all).toHaveLength(3)
  })
  it('says its presence again after a reconnect and survives frames it does not know', () => {
    live.presence('k', 'replying')
    last().say({ type: 'hello', seq: 1 }, 'not json', '[]', { type: 'new kind' }, { type: 'presence', conversation_id: 'k', users: [] })
    expect(handlers.presence).toHaveBeenCalledOnce()
    last().onclose?.()
    vi.advanceTimersByTime(500)
    last().say({ type: 'hello', seq: 1 })
    expect(JSON.parse(last().sent.at(-1)!)).toEqual({ type: 'presence', conversation_id: 'k', state: 'replying' })
  })

  it('asks a server that is silent for a word, and connects anew if none comes', () => {
    const connected = last()
    connected.say({ type: 'hello', seq: 5 })
    vi.advanceTimersByTime(20_000)
    expect(connected.sent).toEqual(['{"type":"ping"}'])
    connected.say({ type: 'pong' })
    vi.advanceTimersByTime(20_000)
    expect(connected.sent).toHaveLength(2)
    vi.advanceTimersByTime(10_000)
    expect(FakeSocket.all).toHaveLength(2)
    expect(connected.readyState).toBe(3)
    // One that never opens is given up as well.
    last().readyState = 0
    vi.advanceTimersByTime(20_000)
    expect(FakeSocket.all).toHaveLength(3)
    // What is heard in between is a word, too.
    const third = last()
    for (let seq = 6; seq < 12; seq += 1) {
      vi.advanceTimersByTime(10_000)
      third.say(event(seq))
    }
    expect(third.sent).toEqual([])
  })
})
