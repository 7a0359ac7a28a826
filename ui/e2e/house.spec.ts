import { axe, colleague, composer, customer, expect, test, thread, unique } from './support'

/** Opening hours, snippets, orders and views of the list, mentions, notifications. */

test('opening hours are kept, and what cannot be is said at the day', async ({ open, page }) => {
  await open('/settings/hours')
  await page.getByLabel('Monday: opens').fill('18:00')
  await expect(page.getByRole('alert').filter({ hasText: 'close after it opens' })).toBeVisible()
  await expect(page.getByRole('button', { name: 'Save' })).toBeDisabled()
  await axe(page)
  await page.getByLabel('Monday: opens').fill('08:00')
  await page.getByRole('button', { name: 'Add a closed day' }).click()
  await page.getByLabel('First day').last().fill('2026-12-24')
  await page.getByRole('button', { name: 'Save' }).click()
  await expect(page.getByText('Saved')).toBeVisible()
  await page.reload()
  await expect(page.getByLabel('Monday: opens')).toHaveValue('08:00')
  await page.goto('/home')
  await expect(page.getByText(/Open now|Closed, opens/)).toBeVisible()
})

test('a snippet is written, found by a slash and filled', async ({ open, page }) => {
  await open('/settings/snippets')
  const name = unique('greet').replace(' ', '-')
  await page.getByRole('button', { name: 'Add a snippet' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Name').fill(name)
  await dialog.getByLabel('Text', { exact: true }).fill('Hello {{contact.age}}')
  await dialog.getByRole('button', { name: 'Save' }).click()
  await expect(dialog.getByText('cannot be filled in')).toBeVisible()
  await axe(page)
  await dialog.getByLabel('Text', { exact: true }).fill('Hello {{contact.name}}, this is {{agent.first_name}}')
  await dialog.getByRole('button', { name: 'Save' }).click()
  await expect(page.getByRole('listitem').filter({ hasText: name })).toBeVisible()
  const { id, name: who } = await customer(page)
  await page.goto(`/inbox/${id}`)
  await composer(page).pressSequentially(`/${name.slice(0, 12)}`)
  await expect(page.getByRole('listbox', { name: 'Snippets' })).toBeVisible()
  await page.keyboard.press('Enter')
  await expect(composer(page)).toHaveValue(new RegExp(`^Hello ${who}, this is Asha`))
  // One value alone, by two braces.
  await composer(page).fill('')
  await composer(page).pressSequentially('From {{busi')
  await expect(page.getByRole('option', { name: /Business/ })).toBeVisible()
  await page.keyboard.press('Tab')
  await expect(composer(page)).toHaveValue(/^From Asha's Bakery/)
})

test('the list by who waits, saved as a view and ordered', async ({ open, page }) => {
  await open('/inbox')
  await page.getByRole('button', { name: 'Filters' }).click()
  await page.getByRole('menuitemcheckbox', { name: 'Longest waiting first' }).or(page.getByRole('menuitem', { name: 'Longest waiting first' })).click()
  await expect(page).toHaveURL(/sort=waiting/)
  const name = unique('Waiting')
  await page.getByRole('button', { name: 'Saved views' }).click()
  await page.getByRole('menuitem', { name: 'Save this view' }).click()
  await page.getByRole('dialog').getByLabel('Name').fill(name)
  await axe(page)
  await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click()
  await expect(page.getByRole('dialog')).toHaveCount(0)
  await page.goto('/inbox')
  await page.getByRole('button', { name: 'Saved views' }).click()
  await page.getByRole('menu').getByText(name).click()
  await expect(page).toHaveURL(/sort=waiting/)
  await page.getByRole('button', { name: 'Saved views' }).click()
  await page.getByRole('menuitem', { name: 'Edit views' }).click()
  await axe(page)
  await page.getByRole('dialog').getByRole('button', { name: `Delete ${name}` }).click()
  await expect(page.getByRole('dialog').getByLabel(`Name of ${name}`)).toHaveCount(0)
})

test('a colleague is mentioned and finds the note', async ({ open, page, browser, url }) => {
  await open()
  const { id } = await customer(page)
  const other = await colleague(page, browser, url)
  const me = (await (await other.request.get('/api/v1/me')).json()) as { user: { name: string } }
  const noted = await page.request.post(`/api/v1/conversations/${id}/notes`, { headers: { 'X-Frontdesk': '1' }, data: { body: `@${me.user.name}, please look` } })
  expect(noted.status()).toBe(201)
  await other.goto('/inbox')
  const tab = other.getByRole('button', { name: /^Mentions/ })
  await expect(tab).toContainText('1')
  await tab.click()
  await expect(other.locator('[data-row]')).toHaveCount(1)
  await expect(tab).not.toContainText('1')
  await axe(other)
  await other.locator('[data-row]').click()
  await expect(thread(other)).toContainText('please look')
  await other.context().close()
})

test('what one is told of is kept for every device', async ({ open, page }) => {
  await open()
  const path = '/api/v1/me/notifications'
  const chosen = (await (await page.request.get(path)).json()) as { version?: number }
  delete chosen.version
  expect((await page.request.put(path, { headers: { 'X-Frontdesk': '1', 'If-Match': '*' }, data: { ...chosen, quiet: null } })).ok()).toBe(true)
  await page.goto('/account')
  // Two changes in quick succession, the first of them slow: none is lost.
  let first = true
  await page.route('**/api/v1/me/notifications', async (route) => {
    if (route.request().method() === 'PUT' && first) {
      first = false
      await new Promise((resolve) => setTimeout(resolve, 500))
    }
    await route.continue()
  })
  await page.getByRole('switch', { name: 'Quiet hours' }).click()
  await page.getByLabel('From').fill('21:30')
  await page.getByLabel('From').blur()
  const kept = async (): Promise<string | undefined> => ((await (await page.request.get(path)).json()) as { quiet: { from: string } | null }).quiet?.from
  await expect.poll(kept).toBe('21:30')
  await page.reload()
  await expect(page.getByLabel('From')).toHaveValue('21:30')
  await axe(page)
  await page.getByRole('switch', { name: 'Quiet hours' }).click()
  await expect(page.getByLabel('From')).toHaveCount(0)
})

test('a hint shows for a resting pointer and for the keyboard, goes with Escape, and names its keys', async ({ open }) => {
  const page = await open('/inbox')
  await page.locator('[data-row]').first().waitFor()
  const help = page.getByRole('button', { name: 'Keyboard shortcuts' })
  const hint = page.getByRole('tooltip')
  await help.hover()
  await expect(hint).toHaveText(/Keyboard shortcuts\s*\?/)
  await expect(help).toHaveAttribute('aria-describedby', (await hint.getAttribute('id'))!)
  await page.keyboard.press('Escape')
  await expect(hint).toHaveCount(0)
  await page.mouse.move(700, 600)
  await page.locator('input[type=search]').press('Shift+Tab')
  while (!(await help.evaluate((button) => button === document.activeElement))) await page.keyboard.press('Shift+Tab')
  await expect(hint).toBeVisible()
  await page.keyboard.press('Tab')
  await expect(help).not.toHaveAttribute('aria-describedby')
})
