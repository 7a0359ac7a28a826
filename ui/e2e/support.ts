/** A demo server for each worker, a signed-in page, and the rules every page keeps: no console error, no CSP report. */
import { test as base, expect, type Browser, type BrowserContext, type Page } from '@playwright/test'
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export { expect }
export const OWNER = { email: 'owner@demo.example', password: 'demo-demo-demo' }
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const START_MS = 60_000

async function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => (typeof address === 'object' && address ? resolve(address.port) : reject(new Error('no port'))))
    })
  })
}

async function ready(url: string, child: ChildProcess): Promise<void> {
  const end = Date.now() + START_MS
  while (Date.now() < end) {
    if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}`)
    const answer = await fetch(`${url}/readyz`).catch(() => null)
    if (answer?.ok) return
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error('the server did not become ready')
}

interface Rules {
  /** Console errors that this test provokes on purpose. */
  expected: RegExp[]
}
interface Fixtures {
  rules: Rules
  /** Signs in by the API and opens a path. */
  open: (path: string, page?: Page) => Promise<Page>
}

export const test = base.extend<Fixtures, { url: string }>({
  url: [
    async ({}, use) => {
      if (process.env.FRONTDESK_URL) return use(process.env.FRONTDESK_URL)
      const binary = process.env.FRONTDESK_BIN
      if (!binary) throw new Error('FRONTDESK_BIN names the built frontdesk binary')
      const data = mkdtempSync(join(tmpdir(), 'frontdesk-e2e-'))
      const url = `http://127.0.0.1:${await freePort()}`
      const child = spawn(binary, ['demo', '--data', data, '--listen', url.replace('http://', '')], { stdio: ['ignore', 'ignore', 'inherit'] })
      await ready(url, child)
      await use(url)
      const ended = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGTERM')
      await ended
      rmSync(data, { recursive: true, force: true })
    },
    { scope: 'worker', timeout: START_MS + 10_000 },
  ],
  baseURL: async ({ url }, use) => use(url),
  rules: async ({ context }, use) => {
    const rules: Rules = { expected: [] }
    const problems: string[] = []
    context.on('console', (message) => {
      if (message.type() === 'error') problems.push(message.text())
    })
    context.on('weberror', (error) => problems.push(String(error.error())))
    await use(rules)
    expect(problems.filter((problem) => !rules.expected.some((pattern) => pattern.test(problem))), 'console errors').toEqual([])
  },
  open: async ({ page, url, rules, locale }, use) => {
    void rules
    await use(async (path, target = page) => {
      await signIn(target.context(), url, locale?.split('-')[0] ?? 'en')
      await target.goto(path)
      return target
    })
  },
})

export async function signIn(context: BrowserContext, url: string, locale = 'en', person = OWNER): Promise<void> {
  const { email, password } = person
  const answer = await context.request.post(`${url}/api/v1/auth/login`, { data: { email, password } })
  expect(answer.status()).toBe(200)
  await context.request.patch(`${url}/api/v1/me`, { headers: { 'X-Frontdesk': '1' }, data: { locale, theme: 'system', density: 'comfortable' } })
  await context.addInitScript(() => {
    if (location.protocol.startsWith('http')) localStorage.setItem('frontdesk.signed-in', '1')
  })
}

const MISSING = ['en', 'ar'].map((language) => (JSON.parse(readFileSync(new URL(`../src/locales/${language}/nav.json`, import.meta.url), 'utf8')) as { notFound: string }).notFound)
/** The page has its one heading, and is not the one for addresses that lead nowhere. */
export async function isPage(page: Page): Promise<void> {
  await expect(page.locator('main h1')).toHaveCount(1)
  expect(MISSING).not.toContain(await page.locator('main h1').textContent())
}

/** WCAG 2.2 AA as far as a program can tell. */
export async function axe(page: Page): Promise<void> {
  // Evaluated by the debugger: the content security policy rightly refuses an injected script.
  const session = await page.context().newCDPSession(page)
  await session.send('Runtime.evaluate', { expression: AXE })
  const found = await page.evaluate(async () => {
    // Colours are measured when nothing fades any more.
    await Promise.all(document.getAnimations().filter((each) => each.effect?.getTiming().iterations !== Infinity).map((each) => each.finished.catch(() => undefined)))
    const { axe } = window as unknown as { axe: { run: (options: object) => Promise<{ violations: { id: string; nodes: { html: string; failureSummary: string }[] }[] }> } }
    const { violations } = await axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] })
    return violations.map((each) => `${each.id}: ${each.nodes[0]?.html.slice(0, 200)} ${each.nodes[0]?.failureSummary}`)
  })
  expect(found, 'axe').toEqual([])
}

interface Row {
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
export async function oneToAnswer(page: Page): Promise<Row> {
  const found = (await conversations(page)).find((each) => each.window.open)
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

/** Signs somebody else in, on a browser of their own. */
export async function colleague(page: Page, browser: Browser, url: string): Promise<Page> {
  const person = { name: unique('Baraka'), email: `${unique('b').replace(' ', '')}@demo.example`, password: 'warm bread daily' }
  const answer = await write(page, 'post', '/users', { ...person, role: 'agent' })
  expect(answer.ok(), await answer.text()).toBe(true)
  const context = await browser.newContext({ baseURL: url })
  await signIn(context, url, 'en', person)
  return context.newPage()
}
export const thread = (page: Page) => page.locator('[role="list"][aria-label]').last()
export const composer = (page: Page) => page.locator('textarea')
export const unique = (text: string): string => `${text} ${Date.now().toString(36)}`
