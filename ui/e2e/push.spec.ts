import type { Page, Worker } from '@playwright/test'
import { axe, composer, expect, oneToAnswer, test } from './support'

/** From RFC 8291, section 5. */
const KEYS = {
  p256dh: 'BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4',
  auth: 'BTBZMqHH6r4Tts7J_aSIgg',
}
interface Shown {
  title: string
  body: string
  tag: string
  path: unknown
}

/** The service worker of a page, and what a push service and a person's hand would do. */
async function deliverer(page: Page, worker: Worker, url: string) {
  const cdp = await page.context().newCDPSession(page)
  const registered = new Promise<string>((resolve) => {
    cdp.on('ServiceWorker.workerVersionUpdated', ({ versions }) => {
      const active = versions.find((version) => version.status === 'activated')
      if (active) resolve(active.registrationId)
    })
  })
  await cdp.send('ServiceWorker.enable')
  const registrationId = await registered
  return {
    push: (data: object | string): Promise<unknown> =>
      cdp.send('ServiceWorker.deliverPushMessage', { origin: url, registrationId, data: typeof data === 'string' ? data : JSON.stringify(data) }),
    shown: (): Promise<Shown[]> =>
      worker.evaluate(async () => {
        const { registration } = globalThis as unknown as { registration: ServiceWorkerRegistration }
        return (await registration.getNotifications()).map(({ title, body, tag, data }) => ({ title, body, tag, path: (data as { path: unknown }).path }))
      }),
  }
}
/** As the browser would tell of a tap, but without a person's hand. Answers what the worker opened, for which it needs one. */
const tap = (worker: Worker): Promise<string[]> =>
  worker.evaluate(async () => {
    const here = globalThis as unknown as { registration: ServiceWorkerRegistration; clients: { openWindow: (path: string) => Promise<null> }; dispatchEvent: (event: Event) => boolean }
    const opened: string[] = []
    here.clients.openWindow = (path) => {
      opened.push(path)
      return Promise.resolve(null)
    }
    const [notification] = await here.registration.getNotifications()
    let done: Promise<unknown> = Promise.resolve()
    here.dispatchEvent(Object.assign(new Event('notificationclick'), { notification, waitUntil: (work: Promise<unknown>) => (done = work) }))
    await done
    return opened
  })

test('a push shows a notice, the newest of a conversation only, and leads there', async ({ open, page, context, url }) => {
  await context.grantPermissions(['notifications'], { origin: url })
  const started = context.waitForEvent('serviceworker')
  await open('/home')
  const worker = await started
  const { push, shown } = await deliverer(page, worker, url)
  const { id } = await oneToAnswer(page)
  const path = `/inbox/${id}`
  const say = (title: string, body: string): object => ({ kind: 'message', conversation_id: id, count: 1, title, body, lang: 'en' })
  await push(say('Neema', 'Are you open?'))
  await expect.poll(shown).toEqual([{ title: 'Neema', body: 'Are you open?', tag: id, path }])
  await push(say('Neema (2)', 'Hello?'))
  await expect.poll(shown).toEqual([{ title: 'Neema (2)', body: 'Hello?', tag: id, path }])

  // A tap leads to the conversation, in the window that is open.
  expect(await tap(worker)).toEqual([])
  await expect(page).toHaveURL(path)
  expect(await shown()).toEqual([])

  // Silent for the thread in view, not for others; and whatever comes, something is shown.
  await page.bringToFront()
  await push(say('Neema (3)', 'in view'))
  await push({ kind: 'alert', conversation_id: null, count: 1, title: 'Something needs attention', body: '', lang: 'en' })
  await expect.poll(shown).toEqual([{ title: 'Something needs attention', body: '', tag: 'frontdesk-alert', path: '/home' }])
  await push('no JSON')
  await expect.poll(async () => (await shown()).map(({ title }) => title).sort()).toEqual(['Frontdesk', 'Something needs attention'])
})

test('with no window open, a tap on a notice opens one at the conversation', async ({ open, page, context, url }) => {
  await context.grantPermissions(['notifications'], { origin: url })
  const started = context.waitForEvent('serviceworker')
  await open('/home')
  const worker = await started
  const { push, shown } = await deliverer(page, worker, url)
  const { id } = await oneToAnswer(page)
  const path = `/inbox/${id}`
  // The app's windows are closed; the browser goes on, and so does its worker.
  await page.goto('about:blank')
  const windows = (): Promise<number> =>
    worker.evaluate(async () => {
      const { clients } = globalThis as unknown as { clients: { matchAll: (options: object) => Promise<unknown[]> } }
      return (await clients.matchAll({ type: 'window', includeUncontrolled: true })).length
    })
  await expect.poll(windows).toBe(0)
  await push({ kind: 'message', conversation_id: id, count: 1, title: 'Neema', body: 'Still there?', lang: 'en' })
  await expect.poll(shown).toEqual([{ title: 'Neema', body: 'Still there?', tag: id, path }])
  expect(await tap(worker)).toEqual([path])
  expect(await shown()).toEqual([])
  // What it opens is the conversation, for somebody who is still signed in.
  await page.goto(`${url}${path}`)
  await expect(composer(page)).toBeVisible()
})

test('notices on this device are switched on by a click only, tried and switched off', async ({ open, page, context, url }) => {
  await context.grantPermissions(['notifications'], { origin: url })
  await context.addInitScript((keys) => {
    if (!('PushManager' in globalThis)) return
    // The browser maker's push service cannot be reached in a test.
    const counts = { asked: 0 }
    Object.assign(globalThis, { counts })
    const ask = Notification.requestPermission.bind(Notification)
    Notification.requestPermission = () => {
      counts.asked += 1
      return ask()
    }
    let made: unknown = null
    const make = (options: { applicationServerKey: string }): unknown => {
      const text = atob(options.applicationServerKey.replaceAll('-', '+').replaceAll('_', '/'))
      const key = Uint8Array.from(text, (c) => c.charCodeAt(0)).buffer
      return {
        options: { applicationServerKey: key },
        toJSON: () => ({ endpoint: 'https://push.example/one', keys }),
        unsubscribe: () => Promise.resolve(((made = null), true)),
      }
    }
    Object.assign(PushManager.prototype, {
      getSubscription: () => Promise.resolve(made),
      subscribe: (options: { applicationServerKey: string }) => Promise.resolve((made = make(options))),
    })
  }, KEYS)
  await open()
  const path = '/api/v1/me/notifications'
  const chosen = (await (await page.request.get(path)).json()) as { version?: number }
  delete chosen.version
  expect((await page.request.put(path, { headers: { 'X-Frontdesk': '1', 'If-Match': '*' }, data: { ...chosen, show_text: true } })).ok()).toBe(true)
  await page.goto('/account')
  const here = page.getByRole('switch', { name: 'Notices on this device' })
  await expect(here).not.toBeChecked()
  expect(await page.evaluate(() => (globalThis as unknown as { counts: { asked: number } }).counts.asked)).toBe(0)
  await here.click()
  await expect(here).toBeChecked()
  await expect(page.getByText('only this browser can open')).toBeVisible()
  expect(await page.evaluate(() => (globalThis as unknown as { counts: { asked: number } }).counts.asked)).toBe(1)
  const device = page.getByRole('listitem').filter({ hasText: 'push.example' }).filter({ hasText: 'This device' })
  await expect(device).toBeVisible()
  await axe(page)

  // There is no such push service: it is said so.
  await device.getByRole('button', { name: /^Send a test/ }).click()
  await expect(page.getByText('could not be told')).toBeVisible({ timeout: 20_000 })
  await expect(device).toContainText('The last notice did not arrive')

  const text = page.getByRole('switch', { name: 'Show what was written' })
  await text.click()
  await expect(text).not.toBeChecked()
  await page.reload()
  await expect(page.getByRole('switch', { name: 'Show what was written' })).not.toBeChecked()
  await page.getByRole('switch', { name: 'Show what was written' }).click()
  await expect(page.getByRole('switch', { name: 'Notices on this device' })).toBeChecked()

  await page.getByRole('switch', { name: 'Notices on this device' }).click()
  await expect(page.getByRole('switch', { name: 'Notices on this device' })).not.toBeChecked()
  await expect(device).toHaveCount(0)
})
