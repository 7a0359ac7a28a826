/** Customers of the Instagram sandbox channel, played on the phone page. */
import type { Locator, Page } from '@playwright/test'
import { expect, unique } from './support'

/** The channel is added once by whoever comes first; a worker's server is its own. */
export async function instagramChannel(page: Page): Promise<void> {
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

/** What goes wrong from now on; nothing, unless said. It goes wrong for the tests after this one, too, until it is healed. */
export const instagramFaults = (page: Page, faults: { refuse_next?: number } = {}) =>
  page.request.put('/api/v1/sandbox/instagram/faults', { headers: { 'X-Frontdesk': '1' }, data: faults })

export interface Customer {
  name: string
  phone: Locator
  /** Types and sends; `as` names the entry of the attachments' menu by which it goes. */
  write: (words: string, as?: string) => Promise<void>
}
export async function instagramCustomer(page: Page): Promise<Customer> {
  const name = unique('Zuri')
  await page.getByLabel('New customer').fill(name)
  await page.keyboard.press('Enter')
  const phone = page.getByRole('region', { name: `Phone of ${name}` })
  await expect(phone).toBeVisible()
  const write = async (words: string, as?: string): Promise<void> => {
    await phone.getByRole('textbox', { name: 'Message' }).fill(words)
    if (!as) return page.keyboard.press('Enter')
    await phone.getByRole('button', { name: 'Attach' }).click()
    await page.getByRole('menuitem', { name: as, exact: true }).click()
  }
  return { name, phone, write }
}
