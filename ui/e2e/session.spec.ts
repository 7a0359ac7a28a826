import { colleague, expect, OWNER, test } from './support'

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
