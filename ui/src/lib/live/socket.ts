/**
 * The one WebSocket. Remembers the last sequence number and resumes after it; hands events on in batches, one per
 * animation frame; says when it must be refetched instead.
 */
import { parseFrame, type LiveEvent, type PresenceFrame } from './events'

export interface LiveHandlers {
  events: (batch: LiveEvent[]) => void
  /** The server no longer has the events since our cursor, or none was known: what is cached may be old. */
  reset: () => void
  presence: (frame: PresenceFrame) => void
  state: (state: 'connecting' | 'online' | 'offline') => void
}
export interface LiveOptions {
  url: (after: number | null) => string
  open?: (url: string) => WebSocket
  /** Runs a flush soon: once per frame when visible. */
  schedule?: (flush: () => void) => void
  random?: () => number
}

const FIRST_DELAY_MS = 500
const LAST_DELAY_MS = 15_000
const MAX_BATCH = 2000

/** After so long without a word the server is asked for one; a connection that stays silent is dead, whatever the browser thinks of it. */
const SILENCE_MS = 20_000
const LOOK_MS = 10_000

function nextFrame(flush: () => void): void {
  let done = false
  const once = (): void => {
    if (!done) flush()
    done = true
  }
  // A page that is hidden has no frames, nor has one that is hidden before the next.
  setTimeout(once, 250)
  if (!document.hidden) requestAnimationFrame(once)
}

export class LiveSocket {
  private socket: WebSocket | null = null
  private timer: ReturnType<typeof setTimeout> | null = null
  private attempts = 0
  private wanted = false
  private flushing = false
  private batch: LiveEvent[] = []
  private outgoing: object | null = null
  private looking: ReturnType<typeof setInterval> | null = null
  /** When the server was last heard, or a connection begun, and when it was asked for a word. */
  private heardAt = 0
  private askedAt = 0
  /** Sequence number of the last event handed on or waiting; null before the first hello. */
  cursor: number | null = null

  constructor(
    private readonly handlers: LiveHandlers,
    private readonly options: LiveOptions,
  ) {}

  start(): void {
    if (this.wanted) return
    this.wanted = true
    this.looking = setInterval(() => this.look(), LOOK_MS)
    this.connect()
  }

  stop(): void {
    this.wanted = false
    if (this.looking !== null) clearInterval(this.looking)
    this.cursor = null
    this.batch = []
    this.outgoing = null
    this.drop()
    this.handlers.state('offline')
  }

  /** Reconnects now: after sleep or a network change a dead connection can look alive for minutes. */
  reconnect(): void {
    if (!this.wanted) return
    this.attempts = 0
    this.drop()
    this.connect()
  }

  /** Tells the server which conversation is open; said again after every reconnect. */
  presence(conversation_id: string | null, state: 'viewing' | 'replying', focused = true): void {
    // Who has it before their eyes is not told of it on their other devices.
    this.outgoing = { type: 'presence', conversation_id, state, ...(focused ? {} : { focused }) }
    this.sendPresence()
  }

  private sendPresence(): void {
    if (this.outgoing && this.socket?.readyState === 1) this.socket.send(JSON.stringify(this.outgoing))
  }

  /** Whether anybody is there. A page in the background looks seldom, so that only an unanswered question counts. */
  private look(): void {
    const now = Date.now()
    if (!this.socket || now - this.heardAt < SILENCE_MS) return
    const isAsked = this.askedAt > this.heardAt
    if (this.socket.readyState !== 1 || (isAsked && now - this.askedAt >= LOOK_MS)) return this.reconnect()
    if (isAsked) return
    this.askedAt = now
    this.socket.send('{"type":"ping"}')
  }

  private drop(): void {
    if (this.timer !== null) clearTimeout(this.timer)
    this.timer = null
    const old = this.socket
    this.socket = null
    old?.close()
  }

  private connect(): void {
    this.handlers.state('connecting')
    const url = this.options.url(this.cursor)
    const socket = (this.options.open ?? ((address) => new WebSocket(address)))(url)
    this.socket = socket
    this.heardAt = Date.now()
    socket.onmessage = (message) => {
      if (socket !== this.socket) return
      this.heardAt = Date.now()
      this.receive(message.data)
    }
    socket.onclose = () => {
      if (socket !== this.socket) return
      this.socket = null
      this.retryLater()
    }
  }

  private retryLater(): void {
    if (!this.wanted) return
    this.handlers.state('offline')
    const limit = Math.min(LAST_DELAY_MS, FIRST_DELAY_MS * 2 ** this.attempts)
    this.attempts += 1
    const delay = limit * (0.5 + (this.options.random ?? Math.random)() / 2)
    this.timer = setTimeout(() => this.connect(), delay)
  }

  private receive(data: unknown): void {
    const frame = parseFrame(data)
    if (!frame) return
    if (frame.type === 'presence') return this.handlers.presence(frame as PresenceFrame)
    if (frame.type === 'hello') return this.hello(frame.seq)
    if (frame.type === 'reset') return this.reset(frame.seq)
    const event = frame as LiveEvent
    if (this.cursor !== null && event.seq <= this.cursor) return
    this.cursor = event.seq
    this.batch.push(event)
    // After a long sleep patching thousands of events costs more than fetching what is on screen.
    if (this.batch.length > MAX_BATCH) this.reset(event.seq)
    else this.flushSoon()
  }

  private hello(seq: number): void {
    this.attempts = 0
    const first = this.cursor === null
    // A cursor ahead of the server's means another history (a restored backup): start over.
    const restored = this.cursor !== null && this.cursor > seq
    if (first || restored) this.cursor = seq
    this.handlers.state('online')
    this.sendPresence()
    if (first || restored) this.handlers.reset()
  }

  private reset(seq: number): void {
    this.cursor = seq
    this.batch = []
    this.handlers.reset()
  }

  private flushSoon(): void {
    if (this.flushing) return
    this.flushing = true
    const schedule = this.options.schedule ?? nextFrame
    schedule(() => {
      this.flushing = false
      const batch = this.batch
      this.batch = []
      if (batch.length > 0) this.handlers.events(batch)
    })
  }
}
