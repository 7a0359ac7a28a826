/**
 * Tells of messages that came while somebody looks elsewhere: by a sound, and by a notice of the system. Both are chosen
 * on each device and off at first. What is assigned to others stays silent, as does the conversation in view.
 */
import { ref } from 'vue'
import { router } from './router'
import { user } from './session'
import { t } from './i18n'
import { onLive, type LiveEvent } from '@/lib/live'

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
export const sound = ref(stored('frontdesk.sound'))
export const notices = ref(stored('frontdesk.notices') && globalThis.Notification?.permission === 'granted')
export const noticesPossible = (): boolean => 'Notification' in globalThis
/** The browser was told to refuse them; only its own settings can change that. */
export const noticesRefused = ref(globalThis.Notification?.permission === 'denied')

export function setSound(on: boolean): void {
  sound.value = on
  remember('frontdesk.sound', on)
  if (on) play()
}
export async function setNotices(on: boolean): Promise<void> {
  const allowed = on && noticesPossible() && (await Notification.requestPermission()) === 'granted'
  noticesRefused.value = globalThis.Notification?.permission === 'denied'
  notices.value = allowed
  remember('frontdesk.notices', allowed)
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

/** Messages of customers that concern this person and are not in view. */
export function worthTelling(batch: readonly LiveEvent[], me: string | undefined, inView: string | null): LiveEvent[] {
  return batch.filter(({ type, data }) => {
    if (type !== 'message.created' || data.message?.direction !== 'inbound') return false
    const assignee = data.conversation?.assignee?.id
    return (assignee === undefined || assignee === me) && data.message.conversation_id !== inView
  })
}

function notice(events: LiveEvent[]): void {
  const last = events.at(-1)!.data
  const name = last.conversation?.contact.name ?? ''
  const title = events.length === 1 ? t('common.notify.from', { name }) : t('common.notify.many', { count: events.length }, events.length)
  const body = events.length === 1 ? (last.conversation?.last_message?.preview ?? '') : ''
  try {
    const shown = new Notification(title, { body, tag: TAG, icon: '/icon-192.png' })
    shown.onclick = () => {
      window.focus()
      void router.push({ name: 'inbox', params: { id: last.message?.conversation_id ?? '' } })
      shown.close()
    }
  } catch {
    // Phones only let a service worker do it.
    void navigator.serviceWorker?.ready.then((worker) => worker.showNotification(title, { body, tag: TAG }))
  }
}

let waiting: LiveEvent[] = []
let timer: ReturnType<typeof setTimeout> | null = null
let toldAt = 0
function tell(): void {
  timer = null
  const events = waiting
  waiting = []
  if (events.length === 0 || !user.value) return
  toldAt = Date.now()
  if (sound.value) play()
  if (notices.value && (document.hidden || !document.hasFocus())) notice(events)
}
/** Listens from now on, signed in or not. */
export function startNotify(): void {
  onLive((batch) => {
    if (!sound.value && !notices.value) return
    const route = router.currentRoute.value
    const open = route.name === 'inbox' && document.hasFocus() && typeof route.params.id === 'string' ? route.params.id : null
    waiting.push(...worthTelling(batch, user.value?.id, open))
    if (waiting.length > 0 && timer === null) timer = setTimeout(tell, Math.max(0, toldAt + PAUSE_MS - Date.now()))
  })
}
