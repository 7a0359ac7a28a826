import { composer, expect, test, thread, unique } from './support'

test('an SMS comes in, its answer is counted in parts and arrives on the phone', async ({ open, page, context }) => {
  await open('/phone')
  const apps = page.getByRole('navigation', { name: 'App', exact: true })
  // The demo has a number of its own for SMS.
  await apps.getByRole('link', { name: /^SMS/ }).first().click()
  await expect(apps.getByRole('link', { name: /^SMS/ }).first()).toHaveAttribute('aria-current', 'page')
  const name = unique('Imani')
  await page.getByRole('button', { name: 'Add a customer' }).first().click()
  await page.getByRole('dialog').getByLabel('Name').fill(name)
  await page.getByRole('dialog').getByRole('button', { name: 'Add a customer' }).click()
  const phone = page.getByRole('region', { name: `Phone of ${name}` })
  const question = unique('Is the shop open?')
  // The address names the channel, and the phone offers no voice note by SMS.
  await expect(page).toHaveURL(/channel=/)
  await expect(phone.getByRole('button', { name: 'Attach' })).toBeVisible()
  await expect(phone.getByRole('button', { name: /voice/i })).toHaveCount(0)
  await phone.getByRole('textbox', { name: 'Message' }).fill(question)
  await page.keyboard.press('Enter')

  await expect(phone.getByText(question)).toBeVisible()
  // An SMS bears no name: the inbox knows its number.
  const number = /\+\d+/.exec((await phone.getByRole('status').first().textContent()) ?? '')![0]

  const inbox = await context.newPage()
  await inbox.goto('/inbox')
  await inbox.locator('[data-row]').filter({ hasText: number }).click()
  await expect(thread(inbox).getByText(question)).toBeVisible()
  // Neither templates nor anything to build, nor a voice note in a form that MMS does not carry.
  await expect(inbox.getByRole('button', { name: 'Attach files' })).toBeVisible()
  for (const name of ['Send a template', 'Add to the message', 'Record a voice note']) await expect(inbox.getByRole('button', { name })).toHaveCount(0)
  await composer(inbox).fill('ж'.repeat(71))
  await expect(inbox.getByTestId('segments')).toContainText('2 SMS')
  await composer(inbox).fill('a'.repeat(1601))
  await expect(inbox.getByRole('alert').filter({ hasText: '1,600' })).toBeVisible()
  const answer = unique('Until six')
  await composer(inbox).fill(answer)
  await expect(inbox.getByTestId('segments')).toContainText('1 SMS')
  await inbox.keyboard.press('ControlOrMeta+Enter')
  await page.bringToFront()
  await expect(phone.getByText(answer)).toBeVisible({ timeout: 15_000 })
  await inbox.bringToFront()
  await expect(inbox.getByRole('listitem').filter({ hasText: answer }).last()).toContainText('Delivered', { timeout: 20_000 })
})

test('another SMS sandbox is added with a press', async ({ open, page }) => {
  await open('/settings/channels/new')
  await page.getByRole('button', { name: /SMS sandbox/ }).click()
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('SMS sandbox')
  // The phone tells two of a kind apart by their names; this one goes again, for the tests beside.
  await page.locator('main section').last().getByRole('button').click()
  const sure = page.getByRole('alertdialog')
  await sure.getByRole('textbox').fill('SMS sandbox')
  await sure.getByRole('button').last().click()
  await expect(page).toHaveURL(/settings\/channels$/)
})

test('the forms for Twilio and 360dialog say what is missing', async ({ open, page }) => {
  await open('/settings/channels/new?provider=twilio_sms')
  await page.getByRole('button', { name: 'Connect and check' }).click()
  await expect(page.getByText('Enter a sender, or a messaging service SID.')).toBeVisible()
  await page.goto('/settings/channels/new?provider=dialog360')
  await expect(page.getByLabel('API key', { exact: true })).toBeVisible()
})
