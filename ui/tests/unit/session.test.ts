import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Me } from '@/lib/api'

const CACHED = 'frontdesk.me'
const HINT = 'frontdesk.signed-in'
const person = (name: string): Me =>
  ({
    user: { id: name, name, email: `${name}@shop.example`, role: 'agent', locale: 'en', theme: 'light', density: 'comfortable', timezone: 'UTC' },
    workspace: { id: 'w', name: 'Shop', timezone: 'UTC' },
  }) as unknown as Me
const [amina, baraka] = [person('amina'), person('baraka')]

/** Whose the browser's cookie is. */
let cookie: Me | null = null
const asked: string[] = []
const reload = vi.fn()
let tab: typeof import('@/app/session')
let lib: typeof import('@/lib/api')
const ended: string[] = []

/** What another tab writes, as this one hears of it. */
function elsewhere(entries: Record<string, string | null>): void {
  for (const [key, value] of Object.entries(entries)) {
    if (value === null) localStorage.removeItem(key)
    else localStorage.setItem(key, value)
    window.dispatchEvent(Object.assign(new Event('storage'), { key, newValue: value }))
  }
}
const signedIn = (who: Me) => ({ [HINT]: '1', [CACHED]: JSON.stringify(who) })

/** What each page listens to; a page that is gone must hear no more. */
const heard: [EventTarget, string, EventListener][] = []
function listen(target: EventTarget): void {
  const add = target.addEventListener.bind(target)
  vi.spyOn(target, 'addEventListener').mockImplementation((type: string, listener: unknown, options?: unknown) => {
    heard.push([target, type, listener as EventListener])
    add(type, listener as EventListener, options as boolean)
  })
}

beforeEach(async () => {
  vi.resetModules()
  ;[window, document].forEach(listen)
  localStorage.clear()
  reload.mockReset()
  asked.length = ended.length = 0
  vi.stubGlobal('location', { reload, origin: 'http://shop.example' })
  vi.stubGlobal('fetch', async (request: Request) => {
    const path = new URL(request.url).pathname.replace('/api/v1', '')
    asked.push(path)
    if (path === '/auth/login') {
      const { email } = (await request.json()) as { email: string }
      cookie = email === amina.user.email ? amina : baraka
    }
    if (path === '/auth/logout') cookie = null
    return path === '/me' ? Response.json(cookie, { status: cookie ? 200 : 401 }) : Response.json({})
  })
  tab = await import('@/app/session')
  lib = await import('@/lib/api')
  tab.onSessionEnd((reason) => void ended.push(reason))
  await tab.login(amina.user.email, 'x')
  asked.length = 0
})
afterEach(() => {
  vi.restoreAllMocks()
  vi.unstubAllGlobals()
  for (const [target, type, listener] of heard.splice(0)) for (const capture of [true, false]) target.removeEventListener(type, listener, capture)
})

describe('two tabs of one browser', () => {
  it('somebody else who signs in elsewhere has the page loaded anew, and nothing goes out under their name', async () => {
    cookie = baraka
    elsewhere(signedIn(baraka))
    // Before anything was waited for.
    await expect(lib.ok(lib.api.POST('/auth/logout'))).rejects.toThrow(lib.NetworkError)
    await vi.waitFor(() => expect(reload).toHaveBeenCalledOnce())
    expect(ended).toEqual(['elsewhere'])
    expect(asked).toEqual([])
  })
  it('unsaved work of the first does not hold the page back', async () => {
    const guard = vi.fn()
    window.addEventListener('beforeunload', guard)
    elsewhere(signedIn(baraka))
    window.dispatchEvent(new Event('beforeunload'))
    expect(guard).not.toHaveBeenCalled()
    window.removeEventListener('beforeunload', guard)
  })
  it('hooks that hang do not hold it back either', async () => {
    vi.useFakeTimers()
    tab.onSessionEnd(() => new Promise(() => undefined))
    elsewhere(signedIn(baraka))
    await vi.advanceTimersByTimeAsync(2000)
    expect(reload).toHaveBeenCalledOnce()
    vi.useRealTimers()
  })
  it('signing out elsewhere empties this page', async () => {
    elsewhere({ [HINT]: null, [CACHED]: null })
    await vi.waitFor(() => expect(reload).toHaveBeenCalledOnce())
    // What the other tab left is for the next person, not for this page to remove.
    expect(ended).toEqual(['elsewhere'])
  })
  it('a session that expired elsewhere leaves this page as it is, until the same person signs in again', async () => {
    elsewhere({ [HINT]: null })
    expect(tab.lapsed.value).toBe(true)
    expect(reload).not.toHaveBeenCalled()
    await tab.resume('x')
    expect(tab.lapsed.value).toBe(false)
    expect(localStorage.getItem(HINT)).toBe('1')
  })
  it('the same person with other settings changes nothing', () => {
    elsewhere(signedIn({ ...amina, user: { ...amina.user, theme: 'dark' } }))
    expect([reload.mock.calls.length, tab.lapsed.value]).toEqual([0, false])
  })
  it('a page that missed the event finds out when it is looked at', async () => {
    localStorage.setItem(CACHED, JSON.stringify(baraka))
    document.dispatchEvent(new Event('visibilitychange'))
    await vi.waitFor(() => expect(reload).toHaveBeenCalledOnce())
  })
})

describe('the end of a session', () => {
  it('at sign-out forgets who was here; the sign-in page then cares for no other tab', async () => {
    await tab.logout()
    expect([localStorage.getItem(HINT), localStorage.getItem(CACHED), tab.me.value]).toEqual([null, null, null])
    document.dispatchEvent(new Event('visibilitychange'))
    expect(reload).not.toHaveBeenCalled()
  })
  it('that expired keeps the name, so that other tabs can wait for the same person; somebody else takes the page', async () => {
    await tab.giveUpSession()
    expect(localStorage.getItem(HINT)).toBeNull()
    expect(localStorage.getItem(CACHED)).toContain('amina')
    document.dispatchEvent(new Event('visibilitychange'))
    expect(reload).not.toHaveBeenCalled()
    elsewhere(signedIn(baraka))
    await vi.waitFor(() => expect(reload).toHaveBeenCalledOnce())
  })
})

describe('signing in again over an open page', () => {
  it('tells other tabs whose session it is now', async () => {
    // As if the event had not come yet.
    localStorage.setItem(CACHED, JSON.stringify(baraka))
    await tab.resume('x')
    expect(JSON.parse(localStorage.getItem(CACHED)!)).toMatchObject({ user: { id: 'amina' } })
    expect(reload).not.toHaveBeenCalled()
  })
  it('does not go on when the server names somebody else', async () => {
    tab.lapsed.value = true
    const resumed = vi.fn()
    tab.onSessionResume(resumed)
    const answer = globalThis.fetch
    vi.stubGlobal('fetch', async (request: Request) => {
      const given = await answer(request)
      cookie = baraka
      return given
    })
    await tab.resume('x')
    expect(reload).toHaveBeenCalledOnce()
    expect(resumed).not.toHaveBeenCalled()
    expect(JSON.parse(localStorage.getItem(CACHED)!)).toMatchObject({ user: { id: 'baraka' } })
  })
})
