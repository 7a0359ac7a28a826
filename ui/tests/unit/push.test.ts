import { describe, expect, it, vi } from 'vitest'
import { readFileSync } from 'node:fs'
import { isFor, noPush } from '@/app/push'

describe('a subscription', () => {
  const of = (bytes: number[] | null): Pick<PushSubscription, 'options'> => ({ options: { userVisibleOnly: true, applicationServerKey: bytes && new Uint8Array(bytes).buffer } })
  it.each([
    [[251, 255, 190], '-_--', true],
    [[1], 'AQ', true],
    [[1], 'AQ==', false],
    [[1, 2], 'AQ', false],
    [null, 'AQ', false],
  ] as const)('of the key %j fits %s: %s', (bytes, key, fits) => expect(isFor(of(bytes && [...bytes]), key)).toBe(fits))
})

describe('why a browser cannot be told', () => {
  const browser = (parts: { secure?: boolean; agent?: string; touch?: number; installed?: boolean; push?: boolean }): void => {
    vi.stubGlobal('isSecureContext', parts.secure ?? true)
    vi.stubGlobal('matchMedia', () => ({ matches: parts.installed ?? false }))
    vi.stubGlobal('navigator', { userAgent: parts.agent ?? 'Chrome', maxTouchPoints: parts.touch ?? 0, ...(parts.push === false ? {} : { serviceWorker: {} }) })
    if (parts.push !== false) {
      vi.stubGlobal('PushManager', class {})
      vi.stubGlobal('Notification', class {})
    }
  }
  it.each([
    [{}, null],
    [{ secure: false }, 'insecure'],
    [{ push: false }, 'unsupported'],
    [{ push: false, agent: 'iPhone Safari' }, 'install'],
    [{ push: false, agent: 'Macintosh Safari', touch: 5 }, 'install'],
    [{ push: false, agent: 'Macintosh Safari' }, 'unsupported'],
    [{ push: false, agent: 'iPhone Safari', installed: true }, 'unsupported'],
    [{ agent: 'iPhone Safari', installed: true }, null],
  ] as const)('%j: %s', (parts, why) => {
    browser(parts)
    expect(noPush()).toBe(why)
    vi.unstubAllGlobals()
  })
})

describe('the service worker', () => {
  type Handler = (event: { data?: { json: () => unknown }; waitUntil: (work: Promise<unknown>) => void }) => void
  const source = readFileSync('public/sw.js', 'utf8')
  async function push(said: unknown, windows: object[] = []): Promise<[string, Record<string, unknown>][]> {
    const handlers = new Map<string, Handler>()
    const shown: [string, Record<string, unknown>][] = []
    const self = {
      addEventListener: (name: string, handler: Handler) => handlers.set(name, handler),
      clients: { matchAll: () => Promise.resolve(windows) },
      registration: { showNotification: (title: string, options: Record<string, unknown>) => Promise.resolve(void shown.push([title, options])) },
      location: { origin: 'https://desk.example' },
    }
    // The file is a script, not a module: it is run as the browser runs it.
    new Function('self', source)(self)
    let work: Promise<unknown> = Promise.resolve()
    const json = (): unknown => {
      if (said === undefined) throw new SyntaxError('no JSON')
      return said
    }
    handlers.get('push')!({ data: { json }, waitUntil: (promise) => (work = promise) })
    await work
    return shown
  }
  const message = { kind: 'message', conversation_id: 'cv_1', count: 2, title: 'Neema (2)', body: 'Hello', lang: 'ar' }
  const page = (shows: string | null, visibilityState = 'visible'): object => ({
    visibilityState,
    postMessage: (_: unknown, [port]: [MessagePort]) => shows !== 'nothing at all' && port.postMessage(shows),
  })
  it('shows what came, by conversation, in its language', async () => {
    const [[title, options]] = (await push(message)) as [[string, Record<string, unknown>]]
    expect(title).toBe('Neema (2)')
    expect(options).toMatchObject({ body: 'Hello', tag: 'cv_1', renotify: true, lang: 'ar', dir: 'rtl', data: { path: '/inbox/cv_1' } })
  })
  it.each([
    ['the thread in view', [page('cv_1')], 0],
    ['the thread in one of two windows', [page(null), page('cv_1')], 0],
    ['another thread in view', [page('cv_2')], 1],
    ['a window behind another', [page(null)], 1],
    ['the thread in a hidden window', [page('cv_1', 'hidden')], 1],
    ['a page that does not answer', [page('nothing at all')], 1],
  ])('with %s', async (_, windows, count) => expect(await push(message, windows)).toHaveLength(count))
  it('shows something whatever comes', async () => {
    for (const odd of [undefined, null, 5, 'text', {}, { title: 5 }, { title: '' }]) expect(await push(odd)).toMatchObject([['Frontdesk', { body: '' }]])
    expect(await push({ kind: 'alert', conversation_id: null, title: 'Look', body: '' })).toMatchObject([['Look', { tag: 'frontdesk-alert', data: { path: '/home' } }]])
  })
})
