/*
 * Shows what the server tells this device while no page is open, and lets the app start without a connection. It keeps the page and the hashed assets only: data never passes through it
 * (the app has its own offline copy, which sign-out erases).
 */
const CACHE = 'frontdesk-shell'
const MAX_ASSETS = 150
/** How long a page may take to say what it shows. */
const ANSWER_MS = 500

self.addEventListener('install', (event) => {
  event.waitUntil(caches.open(CACHE).then((cache) => cache.add('/')).catch(() => undefined).then(() => self.skipWaiting()))
})
self.addEventListener('activate', (event) => {
  event.waitUntil(self.clients.claim())
})

async function page(request) {
  const cache = await caches.open(CACHE)
  try {
    const answer = await fetch(request)
    if (answer.ok) await cache.put('/', answer.clone())
    return answer
  } catch (error) {
    const kept = await cache.match('/')
    if (kept) return kept
    throw error
  }
}

async function asset(request) {
  const cache = await caches.open(CACHE)
  const kept = await cache.match(request)
  if (kept) return kept
  const answer = await fetch(request)
  if (answer.ok) {
    await cache.put(request, answer.clone())
    const keys = (await cache.keys()).filter((key) => new URL(key.url).pathname.startsWith('/assets/'))
    await Promise.all(keys.slice(0, Math.max(0, keys.length - MAX_ASSETS)).map((key) => cache.delete(key)))
  }
  return answer
}

self.addEventListener('fetch', (event) => {
  const { request } = event
  const url = new URL(request.url)
  if (request.method !== 'GET' || url.origin !== self.location.origin) return
  if (url.pathname.startsWith('/assets/')) event.respondWith(asset(request))
  else if (request.mode === 'navigate' && !/^\/(api|webhooks|healthz|readyz|metrics)(\/|$)/.test(url.pathname)) event.respondWith(page(request))
})

/** What a push says; a browser that gets one must show something, whatever came. */
function read(data) {
  try {
    const said = data?.json()
    if (said && typeof said.title === 'string' && said.title !== '') return said
  } catch {
    // Shown without words below.
  }
  return { kind: 'test', title: 'Frontdesk', body: '' }
}

/** Whether a window has this conversation before somebody's eyes. Asked of the page: a window's address is the one it began with. */
async function inView(conversation_id) {
  const windows = await self.clients.matchAll({ type: 'window', includeUncontrolled: true })
  const visible = windows.filter((open) => open.visibilityState === 'visible')
  const answers = visible.map(
    (open) =>
      new Promise((resolve) => {
        const { port1, port2 } = new MessageChannel()
        port1.onmessage = ({ data }) => resolve(data === conversation_id)
        setTimeout(() => resolve(false), ANSWER_MS)
        open.postMessage({ ask: 'in view' }, [port2])
      }),
  )
  return (await Promise.all(answers)).includes(true)
}

async function show(data) {
  const { kind, conversation_id, title, body, lang } = read(data)
  const path = conversation_id ? `/inbox/${conversation_id}` : kind === 'alert' ? '/home' : '/'
  // Whoever has the thread before their eyes sees it there.
  if (conversation_id && (await inView(conversation_id))) return
  await self.registration.showNotification(title, {
    body: typeof body === 'string' ? body : '',
    // The newest of a conversation takes the place of the one before, and is heard again.
    tag: conversation_id ?? `frontdesk-${kind}`,
    renotify: true,
    lang: typeof lang === 'string' ? lang : '',
    dir: lang === 'ar' ? 'rtl' : 'auto',
    icon: '/icon-192.png',
    badge: '/icon-192.png',
    data: { path },
  })
}
self.addEventListener('push', (event) => event.waitUntil(show(event.data)))

// The browser exchanged the subscription: the server learns the new one, if the session still holds.
self.addEventListener('pushsubscriptionchange', (event) => {
  const renew = async () => {
    const answer = await fetch('/api/v1/me/push', { credentials: 'same-origin' })
    if (!answer.ok) return
    const { public_key } = await answer.json()
    const made = event.newSubscription ?? (await self.registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: public_key }))
    const { endpoint, keys } = made.toJSON()
    await fetch('/api/v1/me/push', {
      method: 'PUT',
      credentials: 'same-origin',
      headers: { 'Content-Type': 'application/json', 'X-Frontdesk': '1' },
      body: JSON.stringify({ endpoint, keys: { p256dh: keys.p256dh, auth: keys.auth } }),
    })
  }
  event.waitUntil(renew())
})

// A notice leads to what it is about, in the window that is open or in a new one.
self.addEventListener('notificationclick', (event) => {
  event.notification.close()
  const path = event.notification.data?.path ?? '/'
  event.waitUntil(
    self.clients.matchAll({ type: 'window', includeUncontrolled: true }).then(async (windows) => {
      const open = windows[0]
      if (!open) return self.clients.openWindow(path)
      // Where the browser does not allow it, the page goes there all the same.
      await open.focus().catch(() => undefined)
      open.postMessage({ go: path })
    }),
  )
})
