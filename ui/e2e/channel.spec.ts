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

test('where a shared app posts the messages is chosen, and stays as it was where Meta does not take the address', async ({ open, page, rules }) => {
  rules.expected.push(/status of 409/)
  await open()
  const { items } = (await (await page.request.get('/api/v1/channels?limit=100')).json()) as { items: { id: string; provider: string }[] }
  const path = `/api/v1/channels/${items.find((each) => each.provider === 'sandbox')!.id}`
  // Only a number of a real account has the choice; what the server and Meta make of it is tested with the API.
  let own: string | null = null
  let refuses = false
  await page.route(`**${path}`, async (route) => {
    if (route.request().method() === 'PATCH') own = (route.request().postDataJSON() as { settings: { own_callback: string | null } }).settings.own_callback
    const channel = (await (await page.request.get(path)).json()) as { settings: object }
    await route.fulfill({ json: { ...channel, provider: 'whatsapp_cloud', settings: { ...channel.settings, waba_id: '104', ...(own !== null && { own_callback: own }) } } })
  })
  await page.route(`**${path}/subscribe`, (route) =>
    refuses ? route.fulfill({ status: 409, contentType: 'application/problem+json', body: JSON.stringify({ title: 'x', status: 409, code: 'wrong_state', detail: 'Meta did not take the address.', trace_id: 'abc' }) }) : route.fulfill({ status: 204 }))
  await page.goto(path.replace('/api/v1', '/settings'))
  const where = page.getByLabel('Where Meta posts the messages')
  await expect(where).toContainText("To the app's address")
  const choose = async (choice: string): Promise<void> => {
    await where.click()
    await page.getByRole('option', { name: choice }).click()
  }
  await choose('Here: those of this number only')
  await expect(page.getByText('Saved')).toBeVisible()
  await expect(where).toContainText('this number only')
  expect(own).toBe('number')
  refuses = true
  await choose('Here: those of the whole account')
  await expect(page.getByText('Meta did not take the address.')).toBeVisible()
  await expect(where).toContainText('this number only')
  expect(own).toBe('number')
})
