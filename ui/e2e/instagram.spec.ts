import { axe, composer, expect, test, thread, unique } from './support'

/** The sandbox's Instagram channel is added once by whoever comes first; a worker's server is its own. */
async function channel(page: import('@playwright/test').Page): Promise<void> {
  await page.goto('/phone/instagram')
  const missing = page.getByText('There is no Instagram sandbox channel')
  const field = page.getByLabel('New customer')
  await expect(missing.or(field)).toBeVisible()
  if (await field.isVisible()) return
  await page.goto('/settings/channels/new')
  await page.getByRole('button', { name: 'Instagram sandbox' }).click()
  await expect(page.getByRole('heading', { name: 'Instagram sandbox' })).toBeVisible()
  await page.goto('/phone/instagram')
  await expect(field).toBeVisible()
}

test('a customer writes, comments, answers a story and takes back; the inbox shows it and answers', async ({ open, page, context }) => {
  await open('/')
  await channel(page)
  const name = unique('Zuri')
  await page.getByLabel('New customer').fill(name)
  await page.keyboard.press('Enter')
  const phone = page.getByRole('region', { name: `Phone of ${name}` })
  await expect(phone).toBeVisible()
  const question = unique('Do you ship?')
  await phone.getByRole('textbox', { name: 'Message' }).fill(question)
  await page.keyboard.press('Enter')
  await expect(phone.getByText(question)).toBeVisible()

  const inbox = await context.newPage()
  await inbox.goto('/inbox')
  await inbox.locator('[data-row]').filter({ hasText: name }).click()
  await expect(thread(inbox).getByText(question)).toBeVisible()
  const answer = unique('Yes, to Kisumu')
  await composer(inbox).fill(answer)
  await inbox.keyboard.press('ControlOrMeta+Enter')
  await page.bringToFront()
  await expect(phone.getByText(answer)).toBeVisible({ timeout: 15_000 })
  await inbox.bringToFront()
  await expect(inbox.getByRole('listitem').filter({ hasText: answer }).last()).toContainText('Read', { timeout: 20_000 })
  await composer(inbox).fill('é'.repeat(501))
  await expect(inbox.getByText('Too long for Instagram')).toBeVisible()
  await composer(inbox).fill('')

  await page.bringToFront()
  for (const [item, words] of [['Send as a reply to a story', 'Love this'], ['Send as a comment', 'Price please']] as const) {
    await phone.getByRole('textbox', { name: 'Message' }).fill(words)
    await phone.getByRole('button', { name: 'Attach' }).click()
    await page.getByRole('menuitem', { name: item, exact: true }).click()
    await expect(phone.getByText(words)).toBeVisible()
  }
  await inbox.bringToFront()
  await expect(thread(inbox).getByText('Answers your story')).toBeVisible({ timeout: 10_000 })
  await expect(thread(inbox).getByText('Comment on a post')).toBeVisible({ timeout: 10_000 })
  await axe(inbox)
})
