/**
 * Tells of what came while somebody looks elsewhere: by a sound, and by a notice of the system. What is told and when, each
 * person chooses for all devices; whether a device shows notices is chosen on it, and off at first. The conversation in view
 * stays silent.
 */
import { ref, shallowRef } from 'vue'
import { router } from './router'
import { pushOn, pushTrouble, turnPushOff, turnPushOn } from './push'
import { scope, user } from './session'
import { t } from './i18n'
import { api, ApiError, ok, type NotificationSettings } from '@/lib/api'
import { onLive, type LiveEvent } from '@/lib/live'
import { isQuiet } from './quiet'

/** Bursts make one sound and one notice. */
const PAUSE_MS = 3000
const TAG = 'frontdesk-messages'

function stored(key: string): boolean {
  try {
    return localStorage.getItem(key) === 'true'
  } catch {
    return false
  }
}
function remember(key: string, on: boolean): void {
  try {
    localStorage.setItem(key, String(on))
  } catch {
    // Remembered for this visit only.
  }
}
/** Until the person's own choice is known. */
const USUAL: NotificationSettings = { assigned: true, unassigned: true, mentions: true, alerts: true, sound: false, quiet: null, show_text: true }
export const settings = shallowRef<NotificationSettings>(USUAL)
let version = 0
export async function loadNotifySettings(): Promise<void> {
  const { version: kept, ...next } = await ok(api.GET('/me/notifications'))
  settings.value = next
  version = kept
}
let saving: Promise<void> = Promise.resolve()
/**
 * Applied at once; taken back if the server does not keep it. One after the other: two changes in quick succession build
 * on each other instead of both on the same version.
 */
export function saveNotifySettings(change: Partial<NotificationSettings>): Promise<void> {
  settings.value = { ...settings.value, ...change }
  if (change.sound) play()
  const done = saving.then(() => keep(change))
  saving = done.catch(() => undefined)
  return done
}
async function keep(change: Partial<NotificationSettings>): Promise<void> {
  const put = () => ok(api.PUT('/me/notifications', { body: settings.value, params: { header: { 'If-Match': `"${version}"` } } }))
  try {
    version = (await put().catch(async (error: unknown) => {
      if (!(error instanceof ApiError) || error.status !== 412) throw error
      // Chosen on another device meanwhile: that stands, with this change in it.
      await loadNotifySettings()
      settings.value = { ...settings.value, ...change }
      return put()
    })).version
  } catch (error) {
    await loadNotifySettings().catch(() => undefined)
    throw error
  }
}
export const notices = ref(stored('frontdesk.notices') && globalThis.Notification?.permission === 'granted')
export const noticesPossible = (): boolean => 'Notification' in globalThis
/** The browser was told to refuse them; only its own settings can change that. */
export const noticesRefused = ref(globalThis.Notification?.permission === 'denied')

export async function setNotices(on: boolean): Promise<void> {
  const allowed = on && noticesPossible() && (await Notification.requestPermission()) === 'granted'
  noticesRefused.value = globalThis.Notification?.permission === 'denied'
  notices.value = allowed
  remember('frontdesk.notices', allowed)
  if (!allowed) {
    pushTrouble.value = null
    if (pushOn.value) await turnPushOff()
  } else if (scope.value) await turnPushOn(scope.value)
}

let audio: AudioContext | null = null
/** Two soft tones. A browser that was not touched yet plays nothing, which is no loss. */
export function play(): void {
  try {
    audio ??= new AudioContext()
    const begin = audio.currentTime
    for (const [index, pitch] of [660, 880].entries()) {
      const tone = audio.createOscillator()
      const volume = audio.createGain()
      const at = begin + index * 0.12
      tone.frequency.value = pitch
      volume.gain.setValueAtTime(0, at)
      volume.gain.linearRampToValueAtTime(0.12, at + 0.02)
      volume.gain.exponentialRampToValueAtTime(0.001, at + 0.25)
      tone.connect(volume).connect(audio.destination)
      tone.start(at)
      tone.stop(at + 0.3)
    }
  } catch {
    // No sound device.
  }
}

export type Kind = 'message' | 'mention' | 'alert'
export interface Told {
  kind: Kind
  event: LiveEvent
}

/** What of a batch this person wants to hear of, and is not looking at. */
export function worthTelling(batch: readonly LiveEvent[], me: string | undefined, inView: string | null, wanted: NotificationSettings): Told[] {
  return batch.flatMap((event): Told[] => {
    const { type, data } = event
    if (type === 'alert.raised') return wanted.alerts ? [{ kind: 'alert', event }] : []
    if (type !== 'message.created' || !data.message || data.message.conversation_id === inView) return []
    const named = (data.message.note as { mentions?: string[] } | undefined)?.mentions ?? []
    if (data.message.type === 'note') return wanted.mentions && me && named.includes(me) && data.message.author.id !== me ? [{ kind: 'mention', event }] : []
    if (data.message.direction !== 'inbound') return []
    const assignee = data.conversation?.assignee?.id
    const wants = assignee === undefined ? wanted.unassigned : assignee === me && wanted.assigned
    return wants ? [{ kind: 'message', event }] : []
  })
}

function words(told: readonly Told[]): { title: string; body: string; path: string } {
  const { kind, event } = told.at(-1)!
  const conversation = event.data.message?.conversation_id
  const path = kind === 'alert' ? '/home' : `/inbox/${conversation ?? ''}`
  if (told.length > 1) return { title: t('common.notify.many', { count: told.length }, told.length), body: '', path }
  if (kind === 'alert') return { title: t('common.notify.alert'), body: '', path }
  const name = event.data.conversation?.contact.name ?? ''
  const shown = settings.value.show_text
  if (kind === 'mention') return { title: t('common.notify.mention', { name: event.data.message?.author.name ?? '' }), body: !shown ? '' : (event.data.message?.note as { body?: string } | undefined)?.body ?? '', path }
  return { title: t('common.notify.from', { name }), body: shown ? (event.data.conversation?.last_message?.preview ?? '') : '', path }
}

async function notice(told: readonly Told[]): Promise<void> {
  const { title, body, path } = words(told)
  const options = { body, tag: TAG, icon: '/icon-192.png', data: { path } }
  // The service worker's notices stay after the page is gone, and are the only ones on phones.
  const worker = await navigator.serviceWorker?.getRegistration().catch(() => undefined)
  if (worker?.active) return worker.showNotification(title, options)
  const shown = new Notification(title, options)
  shown.onclick = () => {
    window.focus()
    void router.push(path)
    shown.close()
  }
}

let waiting: Told[] = []
let timer: ReturnType<typeof setTimeout> | null = null
let toldAt = 0
function tell(): void {
  timer = null
  const told = waiting
  waiting = []
  if (told.length === 0 || !user.value || isQuiet(settings.value.quiet, Date.now())) return
  toldAt = Date.now()
  if (settings.value.sound) play()
  // Where push is on, the service worker shows it, page or no page.
  if (notices.value && !pushOn.value && (document.hidden || !document.hasFocus())) void notice(told).catch(() => undefined)
}
/** The conversation before somebody's eyes. */
function inView(): string | null {
  const route = router.currentRoute.value
  return route.name === 'inbox' && document.hasFocus() && typeof route.params.id === 'string' ? route.params.id : null
}
/** Listens from now on, signed in or not. */
export function startNotify(): void {
  navigator.serviceWorker?.addEventListener('message', ({ data, ports }: MessageEvent<{ go?: unknown; ask?: unknown }>) => {
    // The service worker asks before it shows a push.
    if (data?.ask === 'in view') ports[0]?.postMessage(document.hidden ? null : inView())
    if (typeof data?.go === 'string' && data.go.startsWith('/')) void router.push(data.go)
  })
  onLive((batch) => {
    if (!settings.value.sound && !notices.value) return
    waiting.push(...worthTelling(batch, user.value?.id, inView(), settings.value))
    if (waiting.length > 0 && timer === null) timer = setTimeout(tell, Math.max(0, toldAt + PAUSE_MS - Date.now()))
  })
}
