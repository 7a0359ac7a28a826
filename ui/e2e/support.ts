/** A signed-in page on the demo server of the worker's place, and the rules every page keeps: no console error, no CSP report. */
import { test as base, expect, type Browser, type BrowserContext, type ConsoleMessage, type Page, type TestInfo, type WebError } from '@playwright/test'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { demo, SERVERS, soiledMark } from './servers'

export { expect }
export const OWNER = { email: 'owner@demo.example', password: 'demo-demo-demo' }
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

interface Rules {
  /** Console errors that this test provokes on purpose. */
  expected: RegExp[]
}
interface Fixtures {
  rules: Rules
  /** Signs in by the API and opens a path; without one it only signs in. */
  open: (path?: string, page?: Page) => Promise<Page>
  /** Marks the server for as long as the test runs, and for good if it fails. */
  soil: void
}
interface Workers {
  url: string
  /** One browser for all pages that are only looked at: what it has loaded it keeps. */
  gallery: BrowserContext
}

const serverOf = (place: number): string | undefined => process.env.FRONTDESK_URL ?? process.env[SERVERS]?.split(' ')[place]
export const test = base.extend<Fixtures, Workers>({
  url: [
    async ({}, use, { parallelIndex }) => {
      const url = serverOf(parallelIndex)
      if (!url) throw new Error('no server was started for this worker')
      if (process.env.FRONTDESK_URL || !existsSync(soiledMark(parallelIndex))) return use(url)
      const own = await demo()
      await use(own.url)
      await own.stop()
    },
    { scope: 'worker', timeout: 90_000 },
  ],
  soil: [
    async ({ url }, use, info) => {
      // Not on one that is started for this worker alone: it goes with the worker, which a failure ends.
      if (process.env.FRONTDESK_URL || url !== serverOf(info.parallelIndex)) return use()
      const mark = soiledMark(info.parallelIndex)
      writeFileSync(mark, '')
      await use()
      if (info.status === info.expectedStatus) rmSync(mark, { force: true })
    },
    { auto: true },
  ],
  gallery: [
    async ({ browser, url }, use, { project }) => {
      const { viewport, isMobile, hasTouch, colorScheme, locale } = project.use
      const context = await browser.newContext({ baseURL: url, viewport, isMobile, hasTouch, colorScheme, locale })
      await use(context)
      await context.close()
    },
    { scope: 'worker' },
  ],
  baseURL: async ({ url }, use) => use(url),
  rules: async ({ context }, use) => {
    const rules: Rules = { expected: [] }
    const problems: string[] = []
    const hear = (message: ConsoleMessage): void => {
      if (message.type() === 'error') problems.push(message.text())
    }
    const catchError = (error: WebError): number => problems.push(String(error.error()))
    context.on('console', hear)
    context.on('weberror', catchError)
    await use(rules)
    context.off('console', hear)
    context.off('weberror', catchError)
    expect(problems.filter((problem) => !rules.expected.some((pattern) => pattern.test(problem))), 'console errors').toEqual([])
  },
  open: async ({ page, url, rules, locale }, use) => {
    void rules
    await use(async (path, target = page) => {
      await enter(target.context(), url, locale?.split('-')[0] ?? 'en')
      if (path) await target.goto(path)
      return target
    })
  },
})

/** For pages that are only looked at: each test has a page of its own, in a browser that has the app already. */
export const looks = test.extend({
  context: async ({ gallery }, use) => use(gallery),
  page: async ({ gallery, url }, use) => {
    const page = await gallery.newPage()
    // Nothing of what an earlier test read or wrote; only the app's own files stay.
    const session = await gallery.newCDPSession(page)
    await session.send('Storage.clearDataForOrigin', { origin: url, storageTypes: 'indexeddb,local_storage' })
    await session.detach()
    await use(page)
    await page.close()
  },
})

const prefer = async (context: BrowserContext, url: string, locale: string): Promise<boolean> =>
  (await context.request.patch(`${url}/api/v1/me`, { headers: { 'X-Frontdesk': '1' }, data: { locale, theme: 'system', density: 'comfortable' } })).ok()
const marked = new WeakSet<BrowserContext>()
/** Makes pages of this browser begin as those of somebody who is signed in. */
async function mark(context: BrowserContext): Promise<void> {
  if (marked.has(context)) return
  marked.add(context)
  await context.addInitScript(() => {
    if (location.protocol.startsWith('http')) localStorage.setItem('frontdesk.signed-in', '1')
  })
}

/** A session of its own for this browser. */
export async function signIn(context: BrowserContext, url: string, locale = 'en', { email, password } = OWNER): Promise<void> {
  const answer = await context.request.post(`${url}/api/v1/auth/login`, { data: { email, password } })
  expect(answer.status()).toBe(200)
  expect(await prefer(context, url, locale)).toBe(true)
  await mark(context)
}

/** The owner's session on each server: signing in costs a password's hash, and is tested by itself. */
const sessions = new Map<string, Awaited<ReturnType<BrowserContext['cookies']>>>()
async function enter(context: BrowserContext, url: string, locale: string): Promise<void> {
  const kept = sessions.get(url)
  if (kept) await context.addCookies(kept)
  // A test may have ended the session that is kept.
  if (kept && (await prefer(context, url, locale))) return mark(context)
  await signIn(context, url, locale)
  sessions.set(url, await context.cookies(url))
}

const MISSING = ['en', 'ar'].map((language) => (JSON.parse(readFileSync(new URL(`../src/locales/${language}/nav.json`, import.meta.url), 'utf8')) as { notFound: string }).notFound)
/** The page has its one heading, and is not the one for addresses that lead nowhere. */
export async function isPage(page: Page): Promise<void> {
  await expect(page.locator('main h1')).toHaveCount(1)
  expect(MISSING).not.toContain(await page.locator('main h1').textContent())
}

/** What the browser itself says while there is no connection. */
export const OFFLINE = /ERR_INTERNET_DISCONNECTED|WebSocket|Failed to load resource|fetching the script/
const WCAG = { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] }
/** What can differ between light and dark. */
const COLOURS = { runOnly: { type: 'rule', values: ['color-contrast', 'link-in-text-block'] } }
/** WCAG 2.2 AA as far as a program can tell. */
export async function axe(page: Page, rules: object = WCAG): Promise<void> {
  if (!(await page.evaluate(() => 'axe' in window))) {
    // Evaluated by the debugger: the content security policy rightly refuses an injected script.
    const session = await page.context().newCDPSession(page)
    await session.send('Runtime.evaluate', { expression: AXE })
    await session.detach()
  }
  const found = await page.evaluate(async (options) => {
    // Colours are measured when nothing fades any more.
    await Promise.all(document.getAnimations().filter((each) => each.effect?.getTiming().iterations !== Infinity).map((each) => each.finished.catch(() => undefined)))
    const { axe } = window as unknown as { axe: { run: (options: object) => Promise<{ violations: { id: string; nodes: { html: string; failureSummary: string }[] }[] }> } }
    const { violations } = await axe.run(options)
    return violations.map((each) => `${each.id}: ${each.nodes[0]?.html.slice(0, 200)} ${each.nodes[0]?.failureSummary}`)
  }, rules)
  expect(found, 'axe').toEqual([])
}

const shots = process.env.E2E_SHOTS
/** A picture to look at, if E2E_SHOTS names a folder. */
export async function shot(page: Page, name: string): Promise<void> {
  if (shots) await page.screenshot({ path: `${shots}/${name}.png` })
}
/** A page, or what is open on it, in light and in dark: axe, nothing that scrolls sideways, pictures. */
export async function look(page: Page, name: string, { project }: Pick<TestInfo, 'project'>): Promise<void> {
  await expect(page.locator('main .animate-pulse')).toHaveCount(0)
  await axe(page)
  expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth), `${name} scrolls sideways`).toBeLessThanOrEqual(1)
  await shot(page, `${name}-${project.name}`)
  await page.emulateMedia({ colorScheme: 'dark' })
  await axe(page, COLOURS)
  await shot(page, `${name}-${project.name}-dark`)
  await page.emulateMedia({ colorScheme: 'light' })
}

interface Row {
  channel_id: string
  id: string
  contact: { name: string }
  window: { open: boolean }
  status: string
  unread: number
}
/** Conversations in progress, newest first. */
export async function conversations(page: Page, query = 'status=open&limit=50'): Promise<Row[]> {
  const answer = await page.request.get(`/api/v1/conversations?${query}`)
  expect(answer.status()).toBe(200)
  return ((await answer.json()) as { items: Row[] }).items
}
/** Somebody on the demo's own WhatsApp number; other tests' channels may have lost their provider. */
export async function oneToAnswer(page: Page): Promise<Row> {
  const { items } = (await (await page.request.get('/api/v1/channels?limit=100')).json()) as { items: { id: string; provider: string }[] }
  const sandbox = new Set(items.filter((each) => each.provider === 'sandbox').map((each) => each.id))
  const found = (await conversations(page)).find((each) => each.window.open && sandbox.has(each.channel_id))
  if (!found) throw new Error('the demo has no conversation that can be answered')
  return found
}

const write = (page: Page, method: 'post' | 'put', path: string, data: object) =>
  page.request[method](`/api/v1${path}`, { headers: { 'X-Frontdesk': '1' }, data })
let people = 0

interface Behaviour {
  read: 'auto' | 'manual' | 'never'
  refuse: boolean
  auto_reply: boolean
}
/** Somebody new on the sandbox who has just written, and nothing but that. */
export async function customer(page: Page, text = 'Hello') {
  people += 1
  const phone = `+2547${String(Date.now() % 1e6).padStart(6, '0')}${String(people).padStart(2, '0')}`
  const name = unique(`Customer ${people}`)
  const wa = phone.slice(1)
  const put = async (path: string, method: 'post' | 'put', data: object): Promise<void> => {
    const answer = await write(page, method, path, data)
    expect(answer.ok(), await answer.text()).toBe(true)
  }
  const behave = (change: Partial<Behaviour>): Promise<void> => put(`/sandbox/customers/${wa}/behaviour`, 'put', { read: 'auto', refuse: false, auto_reply: false, ...change })
  const say = (body: string): Promise<void> => put(`/sandbox/customers/${wa}/messages`, 'post', { type: 'text', text: { body } })
  await put('/sandbox/customers', 'post', { name, phone })
  await behave({})
  await say(text)
  let id = ''
  await expect.poll(async () => (id = (await conversations(page)).find((each) => each.contact.name === name)?.id ?? '')).not.toBe('')
  return { id, name, wa, say, behave }
}

/** Gives conversations a label of their own, and with it a list of their own: the demo's customers write whenever they like. */
export async function labelled(page: Page, ids: string[]): Promise<string> {
  const label = unique('these').replace(' ', '-')
  for (const id of ids) expect((await page.request.patch(`/api/v1/conversations/${id}`, { headers: { 'X-Frontdesk': '1' }, data: { labels: [label] } })).ok()).toBe(true)
  return label
}

/** What this device keeps by itself, by its keys: drafts, the offline copy. */
export const keptHere = (page: Page): Promise<[string, unknown][]> =>
  page.evaluate(async () => {
    if (!(await indexedDB.databases()).some(({ name }) => name === 'keyval-store')) return []
    return new Promise<[string, unknown][]>((resolve, reject) => {
      const opened = indexedDB.open('keyval-store')
      opened.onerror = () => reject(opened.error)
      opened.onsuccess = () => {
        const store = opened.result.transaction('keyval').objectStore('keyval')
        const [keys, values] = [store.getAllKeys(), store.getAll()]
        values.onerror = () => reject(values.error)
        values.onsuccess = () => {
          opened.result.close()
          resolve(keys.result.map((key, at) => [String(key), values.result[at]]))
        }
      }
    })
  })
/** What this device has kept of a conversation's draft, as text. */
export const draftHere = async (page: Page, conversation: string): Promise<string> =>
  JSON.stringify((await keptHere(page)).find(([key]) => key.startsWith('draft:') && key.endsWith(conversation))?.[1] ?? '')

/** Somebody else of the team, who has not signed in yet. */
export async function member(page: Page): Promise<typeof OWNER & { name: string }> {
  const person = { name: unique('Baraka'), email: `${unique('b').replace(' ', '')}@demo.example`, password: 'warm bread daily' }
  const answer = await write(page, 'post', '/users', { ...person, role: 'agent' })
  expect(answer.ok(), await answer.text()).toBe(true)
  return person
}
/** Signs somebody else in, on a browser of their own. */
export async function colleague(page: Page, browser: Browser, url: string): Promise<Page> {
  const person = await member(page)
  const context = await browser.newContext({ baseURL: url })
  await signIn(context, url, 'en', person)
  return context.newPage()
}
/** The messages; never the list of conversations, which stands there before them. */
export const thread = (page: Page) => page.locator('[role="list"][aria-label]:not(:has([data-row]))').last()
export const composer = (page: Page) => page.locator('textarea')
export const unique = (text: string): string => `${text} ${Date.now().toString(36)}`
