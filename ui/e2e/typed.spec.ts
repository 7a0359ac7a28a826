import type { Page, Route } from '@playwright/test'
import { expect, test, unique } from './support'

/** What is typed while a save is under way: it stays where it is, counts as unsaved, and can be saved next. */

/** Lets the next write to these addresses reach the server only once it is let go. */
async function hold(page: Page, address: RegExp, method: string): Promise<{ asked: Promise<void>; letGo: () => void }> {
  let letGo!: () => void
  let begun!: () => void
  const gone = new Promise<void>((resolve) => (letGo = resolve))
  const asked = new Promise<void>((resolve) => (begun = resolve))
  let once = true
  const held = async (route: Route): Promise<void> => {
    if (!once || route.request().method() !== method) return route.fallback()
    once = false
    begun()
    await gone
    await route.continue()
  }
  await page.route(address, held)
  return { asked, letGo }
}
const post = async (page: Page, path: string, data: object): Promise<{ id: string }> => {
  const answer = await page.request.post(`/api/v1${path}`, { headers: { 'X-Frontdesk': '1' }, data })
  expect(answer.ok(), await answer.text()).toBe(true)
  return (await answer.json()) as { id: string }
}

test('in a template', async ({ open, page }) => {
  await open()
  const { items } = (await (await page.request.get('/api/v1/channels')).json()) as { items: { id: string; provider: string }[] }
  const name = unique('typed').toLowerCase().replace(/[^a-z0-9]+/g, '_')
  const channel_id = items.find((each) => each.provider === 'sandbox')!.id
  const { id } = await post(page, '/templates', { channel_id, name, language: 'en', category: 'utility', components: [{ type: 'BODY', text: 'First.' }] })
  await page.goto(`/templates/${id}`)
  const body = page.getByLabel('Text', { exact: true })
  const save = page.getByRole('button', { name: 'Save draft', exact: true })
  await body.fill('First and second.')
  const { asked, letGo } = await hold(page, new RegExp(`/templates/${id}$`), 'PATCH')
  await body.press('Control+s')
  await asked
  await body.fill('First and second and third.')
  letGo()
  await expect(page.getByText('Draft saved')).toBeVisible()
  await expect(body).toHaveValue('First and second and third.')
  await expect(save).toBeEnabled()
  const kept = async (): Promise<string> => (await page.request.get(`/api/v1/templates/${id}`)).text()
  expect(await kept()).toContain('First and second.')
  // A call that takes nothing of the text leaves it alone.
  const roles = page.waitForResponse((answer) => answer.request().method() === 'PATCH')
  await page.getByRole('checkbox').first().click()
  await roles
  await expect(body).toHaveValue('First and second and third.')
  await save.click()
  await expect(save).toBeDisabled()
  await expect.poll(kept).toContain('First and second and third.')
})

test('in the opening hours', async ({ open, page }) => {
  await open('/settings/hours')
  // Others than what an earlier run of this test left.
  const minute = Date.now() % 50
  const [first, second] = [minute, minute + 5].map((each) => `07:${String(each).padStart(2, '0')}`) as [string, string]
  const [monday, tuesday] = [page.getByLabel('Monday: opens'), page.getByLabel('Tuesday: opens')]
  const save = page.getByRole('button', { name: 'Save' })
  await monday.fill(first)
  const { asked, letGo } = await hold(page, /\/hours$/, 'PUT')
  await save.click()
  await asked
  await tuesday.fill(second)
  letGo()
  await expect(page.getByText('Saved')).toBeVisible()
  await expect(tuesday).toHaveValue(second)
  await expect(save).toBeEnabled()
  await save.click()
  await expect(save).toBeDisabled()
  await page.reload()
  await expect(monday).toHaveValue(first)
  await expect(tuesday).toHaveValue(second)
})

test('in one field of a form', async ({ open, page }) => {
  await open('/settings/alerts')
  const [email, address] = [page.getByRole('textbox').first(), page.getByRole('textbox').nth(1)]
  const save = page.getByRole('button', { name: 'Save' }).first()
  const mail = `${unique('o').replace(' ', '')}@typed.example`
  const hook = `https://typed.example/${Date.now()}`
  await email.fill(` ${mail} `)
  const { asked, letGo } = await hold(page, /\/settings\/alerts$/, 'PUT')
  await save.click()
  await asked
  await address.fill(hook)
  letGo()
  await expect(page.getByText('Saved')).toBeVisible()
  await expect(email).toHaveValue(mail)
  await expect(address).toHaveValue(hook)
  await expect(save).toBeEnabled()
})
