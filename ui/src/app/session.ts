/**
 * Who is signed in. Starts and stops what depends on it: the live feed, the outbox, the drafts, the offline copy.
 * A session that ended on the server leads to the sign-in page; drafts and the outbox stay on this device, each under
 * its user, so that nothing typed is lost. All tabs of a browser share one cookie: what one of them does about it, the
 * others learn from local storage.
 */
import { computed, ref, shallowRef } from 'vue'
import { api, ApiError, closeApi, NetworkError, ok, onSignedOut, type Me, type User } from '@/lib/api'
import { setTimeZone } from '@/lib/format'
import { asLanguage, setLanguage } from './i18n'
import { queryClient } from './query'
import { density, theme } from './theme'

const HINT = 'frontdesk.signed-in'
const CACHED = 'frontdesk.me'
/** However long the hooks take, a page of somebody else stays no longer than this. */
const LEAVE_MS = 1000

export const me = shallowRef<Me | null>(null)
export const user = computed(() => me.value?.user ?? null)
/** Set when a session ended by itself, so that the sign-in page can say so. */
export const expired = ref(false)
/** The session ended by itself while a page is open. The page stays as it is, with all that was typed, until somebody signs in again over it. */
export const lapsed = ref(false)
/** Names the person and workspace in local storage; two people on one browser never see each other's data. */
export const scope = computed(() => (me.value ? scopeOf(me.value) : null))

/** `elsewhere`: another tab signed the person out or somebody else in. */
export type EndReason = 'logout' | 'expired' | 'elsewhere'
type Hook = (scope: string) => void | Promise<void>
type EndHook = (reason: EndReason) => void | Promise<void>
const startHooks: Hook[] = []
const stopHooks: EndHook[] = []
/** Runs at sign-in (and at a reload while signed in). */
export const onSessionStart = (hook: Hook): number => startHooks.push(hook)
export const onSessionEnd = (hook: EndHook): number => stopHooks.push(hook)

function store(key: string, value: string | null): boolean {
  try {
    if (value === null) localStorage.removeItem(key)
    else localStorage.setItem(key, value)
    return true
  } catch {
    return false // without local storage there is no offline start, and tabs learn nothing of each other; everything else works
  }
}
function stored(key: string): string | null {
  try {
    return localStorage.getItem(key)
  } catch {
    return null
  }
}

const scopeOf = ({ workspace, user }: Me): string => `${workspace.id}:${user.id}`
/** Whose page this is, as far as other tabs can know of it; also after the session expired, while the page may still be open. */
let told: string | null = null

async function take(next: Me): Promise<void> {
  me.value = next
  expired.value = false
  store(HINT, '1')
  told = store(CACHED, JSON.stringify(next)) ? scopeOf(next) : null
  setTimeZone(next.user.timezone, next.workspace.timezone)
  theme.value = next.user.theme
  density.value = next.user.density
  const language = asLanguage(next.user.locale)
  if (language) await setLanguage(language)
}
async function begin(next: Me): Promise<void> {
  await take(next)
  for (const hook of startHooks) await hook(scope.value!)
}

async function stop(reason: EndReason): Promise<void> {
  for (const hook of stopHooks) await hook(reason)
}
async function end(reason: 'logout' | 'expired'): Promise<void> {
  await stop(reason)
  me.value = null
  expired.value = reason === 'expired'
  lapsed.value = false
  store(HINT, null)
  // Who was here stays known after an expired session: other tabs then wait for that person, with all that was typed in them.
  if (reason === 'logout') {
    told = null
    store(CACHED, null)
  }
  queryClient.clear()
}

/** Loads the page for whoever the cookie now belongs to. What is on it is the first person's: it neither stays nor goes out under another name. */
async function beginAnew(): Promise<void> {
  told = null
  closeApi()
  // An unsaved form would ask whether to stay, and there is nobody to save it for.
  window.addEventListener('beforeunload', (event) => event.stopImmediatePropagation(), true)
  const late = new Promise((resolve) => setTimeout(resolve, LEAVE_MS))
  await Promise.race([stop('elsewhere').catch(() => undefined), late])
  location.reload()
}
/** Compares this page with what other tabs left in local storage. */
function compare(): void {
  if (told === null) return
  const known = remembered()
  if (!known || scopeOf(known) !== told) void beginAnew()
  else if (me.value && stored(HINT) === null) lapsed.value = true
}
window.addEventListener('storage', ({ key }) => {
  if (key === null || key === CACHED || key === HINT) compare()
})
// A page that was frozen, or kept for the way back, may have missed the event.
window.addEventListener('pageshow', compare)
document.addEventListener('visibilitychange', () => {
  if (!document.hidden) compare()
})
// Before the start nobody is signed in, and what was asked early is answered for by the start.
onSignedOut(() => {
  if (me.value) lapsed.value = true
})
const resumeHooks: (() => void)[] = []
/** Runs when the same person has signed in again over an open page. */
export const onSessionResume = (hook: () => void): number => resumeHooks.push(hook)

/** Signs the same person in again and goes on where they were. */
export async function resume(password: string): Promise<void> {
  const before = me.value
  if (!before) return
  await ok(api.POST('/auth/login', { body: { email: before.user.email, password } }))
  const next = await ok(api.GET('/me'))
  if (scopeOf(next) !== scopeOf(before)) return await giveWay(next)
  // Tells other tabs too, one of which may belong to somebody else by now.
  await take(next)
  lapsed.value = false
  for (const hook of resumeHooks) hook()
}
/** Somebody else is signed in on this browser. */
async function giveWay(next: Me): Promise<void> {
  store(CACHED, JSON.stringify(next))
  await beginAnew()
}
/** Leaves the page for the sign-in page. Drafts and what waits to be sent stay on this device. */
export const giveUpSession = (): Promise<void> => end('expired')

let starting: Promise<void> | null = null

/** Finds out once whether there is a session. Whoever was here last has their page at once, and the server's word follows. */
export function ensureSession(): Promise<void> {
  starting ??= start()
  return starting
}
let asked: Promise<Me> | null = null
/** Asks who is signed in before anybody waits for it. False where nobody is. */
export function askEarly(): boolean {
  if (stored(HINT) === null) return false
  asked = ok(api.GET('/me'))
  // Whoever waits for it hears of a failure.
  asked.catch(() => undefined)
  return true
}
const answer = (): Promise<Me> => asked ?? ok(api.GET('/me'))
function remembered(): Me | null {
  try {
    return JSON.parse(stored(CACHED) ?? 'null') as Me | null
  } catch {
    return null // cut short by a crash of the browser: asked for again
  }
}
async function start(): Promise<void> {
  // Asking without a session would only put a 401 into every first visitor's console.
  if (stored(HINT) === null) return
  const known = remembered()
  if (known) {
    await begin(known)
    void confirm(known)
    return
  }
  try {
    await begin(await answer())
  } catch (error) {
    if (!(error instanceof ApiError && error.status === 401)) throw error
    store(HINT, null)
  }
}
/** Takes the server's word on who is signed in. Without a connection the last known person goes on reading. */
async function confirm(known: Me): Promise<void> {
  try {
    const next = await answer()
    if (scopeOf(next) === scopeOf(known)) return await take(next)
    await giveWay(next)
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) await end('expired')
    else if (!(error instanceof NetworkError || error instanceof ApiError)) throw error
  }
}

export async function login(email: string, password: string): Promise<void> {
  await ok(api.POST('/auth/login', { body: { email, password } }))
  await begin(await ok(api.GET('/me')))
}

/** Takes over a session that the server just opened (set-up answers with one). */
export async function adopt(): Promise<void> {
  await begin(await ok(api.GET('/me')))
}

export async function logout(): Promise<void> {
  await ok(api.POST('/auth/logout'))
  await end('logout')
}

/** Saves a preference in the profile; the caller has already applied it. */
export async function savePreference(
  patch: Partial<Pick<User, 'name' | 'locale' | 'theme' | 'density' | 'timezone'>>,
): Promise<void> {
  const next = await ok(api.PATCH('/me', { body: patch }))
  if (!me.value) return
  me.value = { ...me.value, user: next }
  setTimeZone(next.timezone, me.value.workspace.timezone)
  store(CACHED, JSON.stringify(me.value))
}
