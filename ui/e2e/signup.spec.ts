import { axe, expect, isPage, test } from './support'

/** Goes to the simulated login; its page stands in for Meta's and lies on another port of this machine. */
async function begin(page: import('@playwright/test').Page): Promise<void> {
  await page.goto('/settings/channels/new?provider=whatsapp_cloud')
  await page.locator('summary').click()
  await page.getByRole('button', { name: 'Try it with a simulated account' }).click()
  await expect(page.getByRole('heading', { name: 'Simulated login' })).toBeVisible()
}

test('a number is signed up, with its PIN, and works at once', async ({ open, page, rules }) => {
  rules.expected.push(/status of 4(09|22)/)
  await open('/settings/channels/new?provider=whatsapp_cloud')
  await isPage(page)
  await axe(page)
  await begin(page)
  await page.getByRole('button', { name: 'Cancel' }).click()
  await expect(page.getByRole('alert')).toContainText('Access was not given at Meta')
  expect(page.url()).not.toContain('state=')

  await begin(page)
  await page.getByLabel('whatsapp_business_messaging').uncheck()
  await page.getByRole('button', { name: 'Continue', exact: true }).click()
  await expect(page.getByRole('alert')).toContainText('Not all permissions')
  await expect(page.getByRole('alert')).toContainText('whatsapp_business_messaging')

  await begin(page)
  await page.getByLabel('Come back too late').check()
  await page.getByRole('button', { name: 'Continue', exact: true }).click()
  await expect(page.getByRole('alert')).toContainText('You came back too late')

  await begin(page)
  await page.getByLabel('After 60 days').check()
  await page.getByRole('button', { name: 'Continue', exact: true }).click()
  await page.getByRole('radio', { name: /Kibanda Coast/ }).check()
  await axe(page)
  await page.getByRole('button', { name: 'Connect', exact: true }).click()
  await expect(page.getByText('Six digits', { exact: true })).toBeVisible()
  await page.getByLabel('PIN of six digits').fill('111111')
  await page.getByRole('button', { name: 'Connect', exact: true }).click()
  await expect(page.getByText('The number has another PIN already')).toBeVisible()
  await page.getByLabel('PIN of six digits').fill('284913')
  await page.getByRole('button', { name: 'Connect', exact: true }).click()
  await expect(page.getByRole('heading', { name: 'Kibanda Coast +254 700 555021' })).toBeVisible()
  await expect(page.getByText('Access ends', { exact: true })).toBeVisible()

  // The same number again is marked; connecting the channel again goes straight through.
  await page.getByRole('button', { name: 'Continue with Facebook' }).click()
  await page.getByRole('button', { name: 'Continue', exact: true }).click()
  await expect(page.getByRole('heading', { name: 'Kibanda Coast +254 700 555021' })).toBeVisible()
  await expect(page.getByText('Access does not end by itself.')).toBeVisible()
  await begin(page)
  await page.getByRole('button', { name: 'Continue', exact: true }).click()
  await expect(page.getByRole('radio', { name: /Kibanda Coast/ })).toBeDisabled()
})

test('the set-up connects a number by login and goes on; a number on the phone app shows what it shares', async ({ open, page }) => {
  await open('/setup?step=channel')
  await axe(page)
  await page.getByRole('button', { name: /Connect a WhatsApp number/ }).click()
  await page.locator('summary').click()
  await axe(page)
  await page.getByRole('button', { name: 'Try it with a simulated account' }).click()
  await page.getByLabel(/Kibanda Crafts/).uncheck()
  await page.getByLabel(/Kibanda Coast/).uncheck()
  await page.getByRole('button', { name: 'Continue', exact: true }).click()
  await page.getByRole('radio', { name: /555031/ }).check()
  await page.getByRole('button', { name: 'Connect', exact: true }).click()
  await expect(page).toHaveURL(/setup\?step=test&channel=/)
  const channel = new URL(page.url()).searchParams.get('channel')
  await page.goto(`/settings/channels/${channel}`)
  const share = page.getByTestId('phone-share')
  // The phone hands its chats over in parts.
  await expect(share).toContainText('Messages: 18', { timeout: 20_000 })
  await expect(share.getByText('Here', { exact: true })).toHaveCount(2)
  await axe(page)
})
