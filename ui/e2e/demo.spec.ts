/** The demo has something believable for every page: nobody has to imagine what the product looks like in use. */
import type { Page } from '@playwright/test'
import { axe, conversations, expect, test, thread } from './support'

const openThread = async (page: Page, name: string): Promise<void> => {
  let id = ''
  await expect.poll(async () => (id = (await conversations(page, `limit=1&q=${encodeURIComponent(name)}`))[0]?.id ?? '')).not.toBe('')
  await page.goto(`/inbox/${id}`)
}

test('pictures, a voice, a paper, a cart and taps stand in its threads', async ({ open, page }) => {
  await open()
  await openThread(page, 'David Ochieng')
  const picture = thread(page).locator('img').first()
  await expect(picture).toBeVisible()
  await expect.poll(() => picture.evaluate((image: HTMLImageElement) => image.naturalWidth)).toBeGreaterThan(100)
  await openThread(page, 'Hassan Abdi')
  await expect(thread(page).getByRole('button', { name: /play/i })).toBeVisible()
  await openThread(page, 'Esther Moraa')
  await expect(thread(page).getByText('price-list.pdf')).toBeVisible()
  await openThread(page, 'Wanjiku Ndungu')
  await expect(thread(page).getByText('Order of 2 items')).toBeVisible()
  await openThread(page, 'Purity Jepkemoi')
  await expect(thread(page).getByText(/chosen/)).toBeVisible()
  await expect(thread(page).getByText('❤️')).toBeVisible()
})

test('its customers come by three ways, and each can be played', async ({ open, page }) => {
  await open('/settings/channels')
  for (const name of ['WhatsApp (sandbox)', 'Instagram (sandbox)', 'SMS (sandbox)']) await expect(page.getByRole('link', { name: new RegExp(name.replace(/[()]/g, '\\$&')) })).toBeVisible()
  await openThread(page, 'Mama Wambo')
  await expect(thread(page).getByText('And 2 loafs')).toBeVisible()
  await page.goto('/phone/instagram')
  await expect(page.getByRole('link', { name: /Njoki Kariuki/ })).toBeVisible()
})

test('its templates are in every state, and still are after the list was read again', async ({ open, page, rules }) => {
  // Every account is asked, also those of channels that other tests left without their provider.
  rules.expected.push(/status of (409|50\d)/)
  await open('/templates')
  const list = page.getByTestId('templates')
  for (const state of ['Approved', 'In review', 'Rejected', 'Paused', 'Draft']) await expect(list.getByText(state, { exact: true }).first()).toBeVisible()
  const read = page.waitForResponse('**/api/v1/templates/sync')
  await page.locator('main button').filter({ has: page.locator('.lucide-refresh-cw') }).click()
  expect((await read).status()).toBe(200)
  for (const state of ['Approved', 'Rejected', 'Paused', 'Draft']) await expect(list.getByText(state, { exact: true }).first()).toBeVisible()
  await expect(list.getByText('Deleted', { exact: true })).toHaveCount(0)
})

test('what it sent has a price, and the month a budget', async ({ open, page }) => {
  await open('/settings/usage')
  await expect(page.getByRole('row', { name: /Marketing/ })).toBeVisible()
  await expect(page.getByText(/of the budget of KES/)).toBeVisible()
  await page.goto('/settings/snippets')
  await expect(page.getByText('karibu', { exact: true })).toBeVisible()
  await page.goto('/settings/members')
  await expect(page.getByText('Joyce Wairimu')).toBeVisible()
})

test('saved views stand in the rail, wide or narrow', async ({ open, page }) => {
  await open('/inbox')
  const rail = page.getByRole('navigation', { name: 'Pages' })
  await rail.getByRole('link', { name: 'Complaints' }).click()
  await expect(page).toHaveURL(/label=complaint/)
  await expect(rail.getByRole('link', { name: 'Complaints' })).toHaveAttribute('aria-current', 'page')
  await axe(page)
  await rail.getByRole('button', { name: 'Narrow the bar' }).click()
  await expect(rail.getByRole('link', { name: 'Complaints' })).toHaveAttribute('data-short', 'C')
  await axe(page)
  await page.reload()
  await rail.getByRole('link', { name: 'My unread' }).click()
  await expect(page).toHaveURL(/view=mine.*unread=1|unread=1.*view=mine/)
  await rail.getByRole('button', { name: 'Names in the bar' }).click()
  await expect(rail.getByText('Inbox', { exact: true })).toBeVisible()
})

for (const language of ['en', 'ar', 'sw', 'pt', 'es']) {
  test(`the list's tabs fit the narrowest phone in ${language} @phone`, async ({ open, page }) => {
    await page.setViewportSize({ width: 320, height: 640 })
    await open('/inbox')
    await page.request.patch('/api/v1/me', { headers: { 'X-Frontdesk': '1' }, data: { locale: language } })
    await page.reload()
    await expect(page.locator('html')).toHaveAttribute('lang', language)
    await expect(page.locator('[data-row]').first()).toBeVisible()
    const tabs = page.locator('main section').first().getByRole('group').first()
    const fit = await tabs.evaluate((group) => [...group.querySelectorAll('button')].map((each) => {
      const text = each.querySelector('span')!
      return { inside: each.getBoundingClientRect().left >= -0.5 && each.getBoundingClientRect().right <= innerWidth + 0.5, whole: text.scrollWidth <= text.clientWidth + 1, tall: each.getBoundingClientRect().height }
    }))
    expect(fit).toHaveLength(4)
    for (const each of fit) expect(each).toMatchObject({ inside: true, whole: true })
    for (const { tall } of fit) expect(tall).toBeGreaterThanOrEqual(44)
  })
}
