import type { Page } from '@playwright/test'
import { axe, customer, expect, look, looks, shot, test, thread, unique } from './support'

/** Templates from the first draft to a tap on the customer's phone, and every page of theirs in every look. */
const nameOf = (): string => unique('order ready').toLowerCase().replace(/[^a-z0-9]+/g, '_')

interface Made {
  id: string
  name: string
}
const BODY = [
  { type: 'BODY', text: 'Hi {{1}}, order {{2}} is ready.', example: { body_text: [['Amina', '1042']] } },
  { type: 'BUTTONS', buttons: [{ type: 'QUICK_REPLY', text: 'On my way' }] },
]
const post = async (page: Page, path: string, data: object): Promise<never> => {
  const answer = await page.request.post(`/api/v1${path}`, { headers: { 'X-Frontdesk': '1' }, data })
  expect(answer.ok(), await answer.text()).toBe(true)
  return (await answer.json()) as never
}
const sandbox = async (page: Page): Promise<string> => {
  const answer = (await (await page.request.get('/api/v1/channels')).json()) as { items: { id: string; provider: string }[] }
  return answer.items.find((each) => each.provider === 'sandbox')!.id
}
async function approved(page: Page): Promise<Made> {
  const made: Made = await post(page, '/templates', { channel_id: await sandbox(page), name: nameOf(), language: 'en', category: 'utility', components: BODY })
  await post(page, `/templates/${made.id}/submit`, {})
  await expect.poll(async () => ((await (await page.request.get(`/api/v1/templates/${made.id}`)).json()) as { status: string }).status, { timeout: 20_000 }).toBe('approved')
  return made
}

test('a template is written, checked as it is typed, submitted and approved', async ({ open, page }) => {
  await open('/templates')
  await page.getByRole('button', { name: 'New template' }).click()
  const dialog = page.getByRole('dialog')
  const name = nameOf()
  await dialog.getByLabel('Name').fill(name)
  await dialog.getByRole('button', { name: 'Create draft' }).click()
  await expect(page.getByRole('heading', { name, level: 1 })).toBeVisible()
  const body = page.getByLabel('Text', { exact: true })
  await body.fill('{{1}} is ready')
  await expect(page.getByTestId('problems')).toContainText('variable')
  await expect(page.getByRole('button', { name: 'Submit for review' })).toBeDisabled()
  await body.fill('Hi {{1}}, your bread is ready.')
  await page.getByLabel('Sample for {{1}}').fill('Amina')
  await expect(page.getByTestId('preview')).toContainText('Hi Amina, your bread is ready.')
  await expect(page.getByTestId('problems')).toContainText('Keeps every rule')
  await axe(page)
  await page.getByRole('button', { name: 'Submit for review' }).click()
  await expect(page.getByText('Approved', { exact: true })).toBeVisible({ timeout: 20_000 })
  await page.getByRole('tab', { name: 'History' }).click()
  await expect(page.getByTestId('history')).toContainText('Submitted')
  await axe(page)
})

test('a template is picked, filled in, sent, and a tap on it comes back tied to it', async ({ open, page, context }) => {
  await open()
  const made = await approved(page)
  const someone = await customer(page)
  await page.goto(`/inbox/${someone.id}`)
  await page.getByRole('button', { name: 'Send a template' }).first().click()
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('searchbox').fill(made.name)
  await dialog.getByRole('button', { name: new RegExp(made.name) }).click()
  await dialog.getByLabel('{{2}}').fill('77')
  await expect(dialog.getByTestId('preview')).toContainText('order 77 is ready')
  await axe(page)
  await dialog.getByRole('button', { name: 'Send template' }).click()
  await expect(thread(page).getByText(/order 77 is ready/)).toBeVisible({ timeout: 15_000 })

  const phone = await context.newPage()
  await phone.goto('/phone')
  await phone.locator('main ul a').filter({ hasText: someone.name }).first().click()
  await phone.getByRole('log').getByRole('button', { name: 'On my way' }).click()
  await page.bringToFront()
  await expect(thread(page).getByText('On my way').last()).toBeVisible({ timeout: 15_000 })
  await expect.poll(async () => ((await (await page.request.get(`/api/v1/templates/${made.id}`)).json()) as { performance: { clicked: number } }).performance.clicked, { timeout: 15_000 }).toBe(1)
  await page.goto(`/templates/${made.id}`)
  await page.getByRole('tab', { name: 'Performance' }).click()
  await expect(page.getByTestId('button-figures')).toContainText(/On my way\s*1/)
  await axe(page)
})

/** A picture of one point. */
const PNG = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==', 'base64')

test('a picture is uploaded as the sample, submitted, and sent with the template', async ({ open, page }) => {
  await open()
  const name = nameOf()
  const made: Made = await post(page, '/templates', { channel_id: await sandbox(page), name, language: 'en', category: 'marketing', components: [{ type: 'BODY', text: 'Our baskets are back in all colours.' }] })
  await page.goto(`/templates/${made.id}`)
  await page.getByLabel('Header').click()
  await page.getByRole('option', { name: 'Picture' }).click()
  await expect(page.getByTestId('problems')).toContainText('sample')
  const chooser = page.waitForEvent('filechooser')
  await page.getByRole('group', { name: 'Sample for the reviewers' }).getByRole('button', { name: 'Upload' }).click()
  await (await chooser).setFiles({ name: 'basket.png', mimeType: 'image/png', buffer: PNG })
  await expect(page.getByTestId('preview').getByRole('presentation').or(page.getByTestId('preview').locator('img')).first()).toBeVisible()
  await expect(page.getByTestId('problems')).toContainText('Keeps every rule')
  await axe(page)
  await page.getByRole('button', { name: 'Submit for review' }).click()
  await expect(page.getByText('Approved', { exact: true })).toBeVisible({ timeout: 20_000 })
  const someone = await customer(page)
  await page.goto(`/inbox/${someone.id}`)
  await page.getByRole('button', { name: 'Send a template' }).first().click()
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('searchbox').fill(name)
  await dialog.getByRole('button', { name: new RegExp(name) }).click()
  // The sample stands there already; another file may take its place.
  await expect(dialog.getByRole('button', { name: 'Replace' })).toBeVisible()
  await axe(page)
  await shot(page, 'picker-media')
  await dialog.getByRole('button', { name: 'Send template' }).click()
  await expect(thread(page).getByText('Our baskets are back in all colours.').last()).toBeVisible({ timeout: 15_000 })
})

test('the cards of a carousel are filled in one by one', async ({ open, page }) => {
  await open()
  const upload = await page.request.post('/api/v1/media?filename=a.png', { headers: { 'X-Frontdesk': '1', 'Content-Type': 'image/png' }, data: PNG })
  const media = ((await upload.json()) as { id: string }).id
  const card = { components: [{ type: 'HEADER', format: 'IMAGE', example: { media_id: media } }, { type: 'BODY', text: 'Basket {{1}} in your colour', example: { body_text: [['Large']] } }, { type: 'BUTTONS', buttons: [{ type: 'QUICK_REPLY', text: 'This one' }] }] }
  const made: Made = await post(page, '/templates', { channel_id: await sandbox(page), name: nameOf(), language: 'en', category: 'marketing', components: [{ type: 'BODY', text: 'Two favourites, for you.' }, { type: 'CAROUSEL', cards: [card, card] }] })
  await post(page, `/templates/${made.id}/submit`, {})
  await expect.poll(async () => ((await (await page.request.get(`/api/v1/templates/${made.id}`)).json()) as { status: string }).status, { timeout: 20_000 }).toBe('approved')
  const someone = await customer(page)
  await page.goto(`/inbox/${someone.id}`)
  await page.getByRole('button', { name: 'Send a template' }).first().click()
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('searchbox').fill(made.name)
  await dialog.getByRole('button', { name: new RegExp(made.name) }).click()
  await expect(dialog.getByRole('button', { name: 'Send template' })).toBeDisabled()
  await dialog.getByRole('group', { name: 'Card 1' }).getByLabel('{{1}}').fill('Large')
  await expect(dialog.getByTestId('lacking')).toContainText('1 field')
  await dialog.getByRole('group', { name: 'Card 2' }).getByLabel('{{1}}').fill('Small')
  await expect(dialog.getByTestId('preview')).toContainText('Basket Small in your colour')
  await axe(page)
  await shot(page, 'picker-carousel')
  await dialog.getByRole('button', { name: 'Send template' }).click()
  await expect(thread(page).getByText(/Basket Small in your colour/).last()).toBeVisible({ timeout: 15_000 })
})

test('a template of the library becomes drafts in five languages', async ({ open, page }) => {
  await open()
  const { items } = (await (await page.request.get('/api/v1/templates?q=results_ready&limit=100')).json()) as { items: Made[] }
  for (const each of items) expect((await page.request.delete(`/api/v1/templates/${each.id}`, { headers: { 'X-Frontdesk': '1' } })).status()).toBe(204)
  await page.goto('/templates/library')
  await page.getByRole('searchbox').fill('results')
  await page.getByRole('button', { name: /Use: results_ready/ }).click()
  await expect(page.getByRole('heading', { name: 'results_ready', level: 1 })).toBeVisible()
  await expect(page.getByRole('navigation', { name: 'Languages' }).getByRole('link')).toHaveCount(5)
})

looks('the editor @looks', async ({ open, page }, info) => {
  await open()
  const made: Made = await post(page, '/templates', { channel_id: await sandbox(page), name: nameOf(), language: 'en', category: 'utility', components: BODY })
  await page.goto(`/templates/${made.id}`)
  await expect(page.getByTestId('preview')).toBeVisible()
  await expect(page.getByTestId('problems')).toBeVisible()
  await look(page, 'template', info)
})

test('products are chosen when a template is sent, seen in the thread, and ordered on the phone', async ({ open, page, context }, info) => {
  await open('/templates')
  await page.getByRole('button', { name: 'New template' }).click()
  const name = nameOf()
  await page.getByRole('dialog').getByLabel('Name').fill(name)
  await page.getByRole('dialog').getByRole('button', { name: 'Create draft' }).click()
  await expect(page.getByRole('heading', { name, level: 1 })).toBeVisible()
  await page.getByLabel('Category').click()
  await page.getByRole('option', { name: 'Marketing' }).click()
  await page.getByLabel('Text', { exact: true }).fill('Still interested? It is waiting for you.')
  await page.getByRole('button', { name: 'Add a button' }).click()
  await page.getByRole('menuitem', { name: 'Products' }).click()
  await expect(page.getByText('Which products are shown is chosen each time')).toBeVisible()
  await expect(page.getByRole('button', { name: 'Add a button' })).toHaveCount(0)
  await expect(page.getByTestId('problems')).toContainText('Keeps every rule')
  await page.getByRole('button', { name: 'Submit for review' }).click()
  await expect(page.getByText('Approved', { exact: true })).toBeVisible({ timeout: 20_000 })

  const someone = await customer(page)
  await page.goto(`/inbox/${someone.id}`)
  await page.getByRole('button', { name: 'Send a template' }).first().click()
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('searchbox').fill(name)
  await dialog.getByRole('button', { name: new RegExp(name) }).click()
  await expect(dialog.getByRole('button', { name: 'Send template' })).toBeDisabled()
  await dialog.getByLabel('Section title').fill('Your cart')
  await dialog.getByLabel('Product ids').fill('SKU-BASKET-L\nSKU-MAT-S')
  await expect(dialog.getByTestId('preview')).toContainText('SKU-BASKET-L · SKU-MAT-S')
  await axe(page)
  await look(page, 'template-products-fill', info)
  await dialog.getByRole('button', { name: 'Send template' }).click()
  await expect(thread(page).getByText('SKU-MAT-S')).toBeVisible({ timeout: 15_000 })
  await look(page, 'template-products-thread', info)

  const phone = await context.newPage()
  await phone.goto('/phone')
  await phone.locator('main ul a').filter({ hasText: someone.name }).first().click()
  await phone.getByRole('log').getByRole('button', { name: 'View items' }).click()
  await page.bringToFront()
  await expect(thread(page).getByText('SKU-BASKET-L').nth(1)).toBeVisible({ timeout: 15_000 })
})
