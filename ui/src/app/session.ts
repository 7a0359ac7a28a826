/**
 * Who is signed in. Starts and stops what depends on it: the live feed, the outbox, the drafts, the offline copy.
 * A session that ended on the server leads to the sign-in page; drafts and the outbox stay on this device, each under
 * its user, so that nothing typed is lost.
 */
import { computed, ref, shallowRef } from 'vue'
import { api, ApiError, NetworkError, ok, onSignedOut, type Me, type User } from '@/lib/api'
import { setTimeZone } from '@/lib/format'
import { asLanguage, setLanguage } from './i18n'
import { queryClient } from './query'
import { density, theme } from './theme'

const HINT = 'frontdesk.signed-in'
const CACHED = 'frontdesk.me'

export const me = shallowRef<Me | null>(null)
export const user = computed(() => me.value?.user ?? null)
/** Set when a session ended by itself, so that the sign-in page can say so. */
export const expired = ref(false)
/** The session ended by itself while a page is open. The page stays as it is, with all that was typed, until somebody signs in again over it. */
export const lapsed = ref(false)
/** Names the person and workspace in local storage; two people on one browser never see each other's data. */
export const scope = computed(() => (me.value ? scopeOf(me.value) : null))

type Hook = (scope: string) => void | Promise<void>
const startHooks: Hook[] = []
const stopHooks: ((reason: 'logout' | 'expired') => void | Promise<void>)[] = []
/** Runs at sign-in (and at a reload while signed in). */
export const onSessionStart = (hook: Hook): number => startHooks.push(hook)
export const onSessionEnd = (hook: (reason: 'logout' | 'expired') => void | Promise<void>): number => stopHooks.push(hook)

function store(key: string, value: string | null): void {
  try {
    if (value === null) localStorage.removeItem(key)
    else localStorage.setItem(key, value)
  } catch {
    // Without local storage there is no offline start; everything else works.
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

async function take(next: Me): Promise<void> {
  me.value = next
  expired.value = false
  store(HINT, '1')
  store(CACHED, JSON.stringify(next))
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

async function end(reason: 'logout' | 'expired'): Promise<void> {
  for (const hook of stopHooks) await hook(reason)
  me.value = null
  expired.value = reason === 'expired'
  lapsed.value = false
  store(HINT, null)
  store(CACHED, null)
  queryClient.clear()
}
// Before the start nobody is signed in, and what was asked early is answered for by the start.
onSignedOut(() => {
  if (me.value) lapsed.value = true
})
const resumeHooks: (() => void)[] = []
/** Runs when the same person has signed in again over an open page. */
export const onSessionResume = (hook: () => void): number => resumeHooks.push(hook)

/** Signs the same person in again and goes on where they were. */
export async function resume(password: string): Promise<void> {
  if (!me.value) return
  await ok(api.POST('/auth/login', { body: { email: me.value.user.email, password } }))
  lapsed.value = false
  for (const hook of resumeHooks) hook()
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
    // Somebody else signed in on this browser: nothing of the first may stay on the page.
    store(CACHED, JSON.stringify(next))
    location.reload()
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
