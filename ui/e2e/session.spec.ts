import type { Page } from '@playwright/test'
import { colleague, composer, expect, member, oneToAnswer, OWNER, test, thread, unique } from './support'

/** Whoever was here last has their page at once, and the server's word follows: here it says something else. */
test('a session that ended while the browser was away leads to the sign-in page, and from there back', async ({ open, page, context, rules }) => {
  rules.expected.push(/401|WebSocket/)
  await open('/system')
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
  await page.goto('about:blank')
  await context.clearCookies()
  await page.goto('/system')
  await expect(page).toHaveURL(/\/login\?next=/)
  await expect(page.getByText('Your session ended', { exact: false })).toBeVisible()
  await page.getByLabel('E-mail').fill(OWNER.email)
  await page.getByLabel('Password', { exact: true }).fill(OWNER.password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await expect(page).toHaveURL(/\/system$/)
})

test('somebody else who signed in on this browser finds their own page', async ({ open, page, context, browser, url }) => {
  await open('/account')
  await expect(page.getByLabel('Name', { exact: true })).not.toHaveValue('')
  const mine = await page.getByLabel('Name', { exact: true }).inputValue()
  const other = await colleague(page, browser, url)
  const cookies = await other.context().cookies(url)
  await other.context().close()
  await page.goto('about:blank')
  await context.clearCookies()
  await context.addCookies(cookies)
  await page.goto('/account')
  await expect(page.getByLabel('Name', { exact: true })).toHaveValue(/^Baraka /)
  await expect(page.getByText(mine, { exact: true })).toHaveCount(0)
})

async function signInOn(page: Page, { email, password }: typeof OWNER): Promise<void> {
  await page.getByLabel('E-mail').fill(email)
  await page.getByLabel('Password', { exact: true }).fill(password)
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
}

test('signing out in one tab empties the other, also with something unsaved in it', async ({ open, page, context, rules }) => {
  rules.expected.push(/401|WebSocket/)
  await open('/account')
  const other = await context.newPage()
  await other.goto('/account')
  const name = other.getByLabel('Name', { exact: true })
  const mine = await name.inputValue()
  await name.fill('Something unsaved')
  await page.getByRole('main').getByRole('button', { name: 'Sign out' }).click()
  await expect(other).toHaveURL(/\/login/)
  await expect(other.getByLabel('E-mail')).toBeVisible()
  await expect(other.getByText(mine, { exact: true })).toHaveCount(0)
  expect(await other.evaluate(() => localStorage.getItem('frontdesk.me'))).toBeNull()
})

test("somebody else who signs in in one tab takes over the other, and the first one's words do not become theirs", async ({ open, page, context, rules }) => {
  rules.expected.push(/401|WebSocket|ERR_FAILED/)
  await open('/account')
  const baraka = await member(page)
  const { id } = await oneToAnswer(page)
  const [sent, typed] = [unique('Sent by the first'), unique('Typed by the first')]
  const other = await context.newPage()
  await other.goto(`/inbox/${id}`)
  // The session ends on the server while one message waits in the outbox and another is still being typed.
  await other.route(/\/messages$/, (route) => (route.request().method() === 'POST' ? route.abort() : route.fallback()))
  await composer(other).fill(sent)
  await composer(other).press('Control+Enter')
  await expect(composer(other)).toHaveValue('')
  await expect(other.getByText(sent, { exact: true })).toBeVisible()
  await composer(other).fill(typed)
  await context.clearCookies()
  await page.reload()
  await signInOn(page, baraka)
  await expect(page.getByLabel('Name', { exact: true })).toHaveValue(baraka.name)
  await other.unroute(/\/messages$/)

  await expect(composer(other)).toHaveValue('')
  const whose = () => other.evaluate(() => (JSON.parse(localStorage.getItem('frontdesk.me') ?? 'null') as { user: { name: string } } | null)?.user.name)
  expect(await whose()).toBe(baraka.name)
  await expect(thread(other)).toBeVisible()
  await expect(other.getByText(sent, { exact: true })).toHaveCount(0)
  const draft = await page.request.get(`/api/v1/conversations/${id}/draft`)
  expect(await draft.text()).not.toContain(typed)
  const messages = await page.request.get(`/api/v1/conversations/${id}/messages`)
  expect(messages.ok()).toBe(true)
  expect(await messages.text()).not.toContain(sent)
})
