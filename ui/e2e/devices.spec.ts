import type { Browser, Page } from '@playwright/test'
import { composer, customer, expect, shot, signIn, test, thread, unique } from './support'

/** One person with two devices: what is written or sent on one is not written over, or sent again, by the other. */
async function phoneOf(browser: Browser, url: string): Promise<Page> {
  const device = await browser.newContext({ baseURL: url })
  await signIn(device, url)
  return device.newPage()
}

test('a draft that went on elsewhere is shown, and where both went on the person chooses', async ({ open, page, browser, url }) => {
  await open()
  const { id } = await customer(page)
  const saved = async (): Promise<string> => ((await (await page.request.get(`/api/v1/conversations/${id}/draft`)).json()) as { reply: string }).reply
  await page.goto(`/inbox/${id}`)
  await composer(page).fill('Hello')
  await expect.poll(saved).toBe('Hello')

  const other = await phoneOf(browser, url)
  await other.goto(`/inbox/${id}`)
  await expect(composer(other)).toHaveValue('Hello')
  await composer(other).fill('Hello, your cake is ready')
  await expect.poll(saved).toBe('Hello, your cake is ready')
  // Back at the desk.
  await page.evaluate(() => window.dispatchEvent(new Event('focus')))
  await expect(composer(page)).toHaveValue('Hello, your cake is ready')

  await composer(other).fill('Hello, come at noon')
  await expect.poll(saved).toBe('Hello, come at noon')
  // Nothing told the desk: the first key does.
  await composer(page).press('End')
  await composer(page).pressSequentially('!')
  await expect(page.getByText('Another device has a different draft')).toContainText('come at noon')
  await expect(composer(page)).toHaveValue('Hello, your cake is ready!')
  await shot(page, 'draft-elsewhere')
  expect(await saved()).toBe('Hello, come at noon')
  await page.getByRole('button', { name: 'Keep mine' }).click()
  await expect.poll(saved).toBe('Hello, your cake is ready!')
  await other.context().close()
})

test('what was sent from the phone leaves the desk, and is asked about where it stays', async ({ open, page, browser, url }) => {
  await open()
  const { id } = await customer(page)
  await page.goto(`/inbox/${id}`)
  const text = unique('Ready at noon')
  await composer(page).fill(text)
  await expect(composer(page)).toHaveValue(text)
  const other = await phoneOf(browser, url)
  await expect.poll(async () => ((await (await page.request.get(`/api/v1/conversations/${id}/draft`)).json()) as { reply: string }).reply).toBe(text)
  await other.goto(`/inbox/${id}`)
  await expect(composer(other)).toHaveValue(text)
  await other.getByRole('button', { name: 'Send', exact: true }).click()
  await expect(thread(page).getByText(text)).toBeVisible()
  await expect(composer(page)).toHaveValue('', { timeout: 15_000 })

  // What was begun here before another went out there is asked about, though it was one's own.
  await composer(page).fill('And one more thing')
  const second = unique('Bring a box')
  await composer(other).fill(second)
  await other.getByRole('button', { name: 'Send', exact: true }).click()
  await expect(thread(page).getByText(second)).toBeVisible()
  await page.getByRole('button', { name: 'Send', exact: true }).click()
  await expect(page.getByRole('alertdialog')).toContainText('A reply was sent meanwhile')
  await page.getByRole('alertdialog').getByRole('button', { name: 'Send anyway' }).click()
  await expect(thread(page).getByText('And one more thing')).toBeVisible()
  // What goes out from here is no news here.
  await composer(page).fill('Thanks')
  await page.getByRole('button', { name: 'Send', exact: true }).click()
  await expect(thread(page).getByText('Thanks')).toBeVisible()
  await expect(page.getByRole('alertdialog')).toHaveCount(0)
  await other.context().close()
})
