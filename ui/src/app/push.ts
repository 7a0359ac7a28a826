/**
 * Notices on this device while no page is open, by web push: the browser subscribes at its maker's push service, the server
 * sends there what only this browser can open. The service worker shows it (`public/sw.js`).
 */
import { ref } from 'vue'
import { api, ok } from '@/lib/api'

const WANTED = 'frontdesk.push'
const READY_MS = 5000

/** Why this browser cannot be told while no page is open. */
export type NoPush = 'insecure' | 'install' | 'unsupported' | 'failed'

export const pushOn = ref(false)
/** Why the last attempt to switch it on did not succeed. */
export const pushTrouble = ref<NoPush | null>(null)

/** Without a subscription; `null` if the browser can have one. */
export function noPush(): NoPush | null {
  if (!globalThis.isSecureContext) return 'insecure'
  if ('serviceWorker' in navigator && 'PushManager' in globalThis && 'Notification' in globalThis) return null
  // iPhones and iPads know it only in an app on the home screen.
  const apple = /iPhone|iPad/.test(navigator.userAgent) || (navigator.userAgent.includes('Macintosh') && navigator.maxTouchPoints > 1)
  return apple && !matchMedia('(display-mode: standalone)').matches ? 'install' : 'unsupported'
}

function wanted(): string | null {
  try {
    return localStorage.getItem(WANTED)
  } catch {
    return null
  }
}
function want(scope: string | null): void {
  try {
    if (scope === null) localStorage.removeItem(WANTED)
    else localStorage.setItem(WANTED, scope)
  } catch {
    // Not remembered: after the next sign-in it is switched on by hand again.
  }
}

/** The active service worker's registration; there is none in private windows, for example. */
async function worker(): Promise<ServiceWorkerRegistration | null> {
  if (noPush() !== null || !(await navigator.serviceWorker.getRegistration())) return null
  const late = new Promise<null>((resolve) => setTimeout(() => resolve(null), READY_MS))
  return Promise.race([navigator.serviceWorker.ready, late])
}

/** Whether a subscription was made for this key of the server. */
export function isFor(subscription: Pick<PushSubscription, 'options'>, publicKey: string): boolean {
  const key = subscription.options.applicationServerKey
  if (!key) return false
  const text = btoa(String.fromCharCode(...new Uint8Array(key)))
  return text.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '') === publicKey
}

async function subscribe(registration: ServiceWorkerRegistration, publicKey: string): Promise<void> {
  let subscription = await registration.pushManager.getSubscription()
  if (subscription && !isFor(subscription, publicKey)) {
    await subscription.unsubscribe()
    subscription = null
  }
  subscription ??= await registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: publicKey })
  const { endpoint, keys } = subscription.toJSON()
  const body = { endpoint: endpoint ?? '', keys: { p256dh: keys?.p256dh ?? '', auth: keys?.auth ?? '' } }
  await ok(api.PUT('/me/push', { body }))
}

/** Switches it on; the browser has been asked and allows notices. Says in `pushTrouble` why not, if not. */
export async function turnPushOn(scope: string): Promise<void> {
  pushTrouble.value = noPush()
  if (pushTrouble.value !== null) return
  try {
    const registration = await worker()
    if (!registration) throw new Error('no service worker')
    await subscribe(registration, (await ok(api.GET('/me/push'))).public_key)
    want(scope)
    pushOn.value = true
  } catch {
    pushTrouble.value = 'failed'
    pushOn.value = false
  }
}

async function unsubscribe(): Promise<void> {
  pushOn.value = false
  const registration = await worker()
  await (await registration?.pushManager.getSubscription())?.unsubscribe()
}

/** Switches it off, here and on the server. */
export async function turnPushOff(): Promise<void> {
  want(null)
  pushTrouble.value = null
  const { device } = await ok(api.GET('/me/push'))
  if (device) await ok(api.DELETE('/me/devices/{id}', { params: { path: { id: device.id } } }))
  await unsubscribe()
}

/**
 * At sign-in: goes on if this person wants it here, and ends what another one left in the browser. Never asks for permission.
 */
export async function startPush(scope: string): Promise<void> {
  if (noPush() !== null) return
  const registration = await worker()
  if (!registration) return
  const subscription = await registration.pushManager.getSubscription()
  if (wanted() !== scope || Notification.permission !== 'granted') {
    await subscription?.unsubscribe()
    return
  }
  const { public_key, device } = await ok(api.GET('/me/push'))
  if (!subscription || !device || !isFor(subscription, public_key)) await subscribe(registration, public_key)
  pushOn.value = true
}

/** At sign-out: the server has forgotten the device; so does the browser. What the person wants here is remembered. */
export const stopPush = (): Promise<void> => unsubscribe().catch(() => undefined)
