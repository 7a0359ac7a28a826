import type { Page } from '@playwright/test'
import { colleague, customer, expect, keptHere, test, thread, unique } from './support'

test('who looks at a conversation is seen there, and no longer where they were', async ({ open, page, browser, url }) => {
  await open()
  const [one, two] = [await customer(page), await customer(page)]
  await page.goto(`/inbox/${one.id}`)
  const other = await colleague(page, browser, url)
  await other.goto(`/inbox/${one.id}`)
  const viewers = other.getByRole('list', { name: 'Also here' })
  await expect(viewers).toBeVisible()
  await page.locator(`[data-row="${two.id}"]`).click()
  await expect(page).toHaveURL(new RegExp(two.id))
  await expect(viewers).toHaveCount(0)
  await other.locator(`[data-row="${two.id}"]`).click()
  await expect(other).toHaveURL(new RegExp(two.id))
  await expect(viewers).toBeVisible()
  await other.context().close()
})

test('a message that comes while its thread is asked for is shown', async ({ open, page }) => {
  await open('/inbox')
  const { id, name, say } = await customer(page)
  const row = page.locator(`[data-row="${id}"]`)
  await expect(row).toBeVisible()
  let late = ''
  await page.route(`**/conversations/${id}/messages?*`, async (route) => {
    const answer = await route.fetch()
    if (!late) {
      late = unique('And one more thing')
      await say(late)
      // Told by the feed, while the answer that does not know it is still under way.
      await expect(row.locator('..')).toContainText(late)
    }
    await route.fulfill({ response: answer })
  })
  await row.click()
  await expect(thread(page).getByText('Hello')).toBeVisible()
  await expect(thread(page).getByText(late), name).toBeVisible()
})

/** The threads of this device's offline copy. */
async function keptThreads(page: Page): Promise<unknown[]> {
  const copies = (await keptHere(page)).filter(([key]) => key.startsWith('copy:')).map(([, copy]) => copy as { state: { queries: { queryKey: unknown[] }[] } })
  return copies.flatMap(({ state }) => state.queries).filter(({ queryKey }) => queryKey[0] === 'messages').map(({ queryKey }) => queryKey[1])
}

test('a thread that was left yesterday shows all that came since, however it is found', async ({ open, page }) => {
  await open('/inbox')
  const { id, say } = await customer(page)
  const row = page.locator(`[data-row="${id}"]`)
  await row.click()
  await expect(thread(page).getByText('Hello')).toBeVisible()
  await expect.poll(() => keptThreads(page), { timeout: 15_000 }).toContain(id)
  await page.goto('about:blank')
  const [missed, told] = [unique('Are you there?'), unique('I try again')]
  await say(missed)
  await page.goto('/inbox')
  await expect(row.locator('..')).toContainText(missed)
  await say(told)
  await expect(row.locator('..')).toContainText(told)
  await row.click()
  await expect(thread(page).getByText(told)).toBeVisible()
  await expect(thread(page).getByText(missed)).toBeVisible()
})
