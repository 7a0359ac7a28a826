import type { Page } from '@playwright/test'
import { axe, expect, test, thread, unique } from './support'

/** What can be changed and tried on the page of one channel, whoever its provider is. */
async function made(page: Page, provider: string, settings: Record<string, string> = {}): Promise<string> {
  const answer = await page.request.post('/api/v1/channels', { headers: { 'X-Frontdesk': '1' }, data: { provider, name: unique('Shop'), settings } })
  expect(answer.status(), await answer.text()).toBe(201)
  return ((await answer.json()) as { id: string }).id
}
const settingsOf = async (page: Page, id: string): Promise<Record<string, string>> =>
  ((await (await page.request.get(`/api/v1/channels/${id}`)).json()) as { settings: Record<string, string> }).settings

test('settings are changed where the channel stands, and what the provider does not allow is said at the field', async ({ open, page, rules }) => {
  rules.expected.push(/422/)
  await open()
  const id = await made(page, 'sandbox_instagram')
  await page.goto(`/settings/channels/${id}`)
  await page.getByRole('switch', { name: /Human Agent/ }).click()
  await expect.poll(async () => (await settingsOf(page, id)).human_agent).toBe('yes')
  const rate = page.getByLabel(/Messages a second/)
  const save = page.locator('form').filter({ has: rate }).getByRole('button', { name: 'Save', exact: true })
  await rate.fill('many')
  await save.click()
  await expect(rate).toHaveAttribute('aria-invalid', 'true')
  await rate.fill('9999')
  await save.click()
  await expect(page.getByText('from 1 to 300').first()).toBeVisible()
  expect((await settingsOf(page, id)).rate_per_s).toBeUndefined()
  await rate.fill('12')
  await save.click()
  await expect.poll(async () => (await settingsOf(page, id)).rate_per_s).toBe('12')
  await expect(save).toBeDisabled()
  await axe(page)
  // Nobody can be written to first on Instagram.
  await expect(page.getByRole('button', { name: 'Send', exact: true })).toHaveCount(0)
})

test('a test message goes out by SMS', async ({ open, page }) => {
  await open()
  const id = await made(page, 'sandbox_sms', { from: '+254700000100' })
  await page.goto(`/settings/channels/${id}`)
  const text = unique('Do you hear us?')
  await page.getByLabel('Test message to').fill('+254 711 000 777')
  await page.getByLabel('Text', { exact: true }).fill(text)
  await page.getByRole('button', { name: 'Send', exact: true }).click()
  await expect(page).toHaveURL(/\/inbox\//)
  await expect(thread(page).getByText(text)).toBeVisible()
})
