import { axe, composer, customer, expect, test, thread, unique } from './support'

const dialog = (page: import('@playwright/test').Page) => page.getByRole('dialog', { name: 'New message' })
async function onChannel(page: import('@playwright/test').Page, name: RegExp): Promise<void> {
  await dialog(page).getByRole('combobox', { name: 'Channel' }).click()
  // Other tests add channels to the same server; the demo's own come first.
  await page.getByRole('option', { name }).first().click()
}
const newNumber = (): string => `+1415555${String(Date.now() % 1e4).padStart(4, '0')}`

test('somebody new gets an SMS, by key from the inbox', async ({ open, page }) => {
  await open('/inbox')
  await page.locator('[data-row]').first().waitFor()
  await page.keyboard.press('c')
  const number = newNumber()
  await dialog(page).getByRole('textbox', { name: 'To' }).fill(number)
  await expect(dialog(page).getByRole('option', { name: number })).toBeVisible()
  await page.keyboard.press('Enter')
  // WhatsApp wants a template first, Instagram nothing at all, and both are said.
  await onChannel(page, /^Instagram/)
  await expect(dialog(page).getByText('nobody can be written to first')).toBeVisible()
  await expect(dialog(page).getByRole('button', { name: 'Send' })).toHaveCount(0)
  await onChannel(page, /^WhatsApp/)
  await expect(dialog(page).getByRole('button', { name: 'Choose a template' })).toBeVisible()
  await onChannel(page, /^SMS/)
  await expect(dialog(page).getByTestId('recipient')).toHaveText(number.replace(/^\+1(\d{3})(\d{3})(\d{4})$/, '+1 $1-$2-$3'))
  await axe(page)
  const words = unique('Your order is ready')
  await dialog(page).getByRole('textbox', { name: 'Message' }).fill(words)
  await expect(dialog(page).getByTestId('write-segments')).toContainText('1 SMS')
  await page.keyboard.press('ControlOrMeta+Enter')
  await expect(page).toHaveURL(/\/inbox\/cv_/)
  await expect(dialog(page)).toHaveCount(0)
  await expect(page.getByRole('listitem').filter({ hasText: words }).last()).toContainText('Delivered', { timeout: 20_000 })
  // The same number again leads to the conversation that there is now.
  await page.keyboard.press('Escape')
  await page.goto('/inbox?write=new')
  await dialog(page).getByRole('textbox', { name: 'To' }).fill(number)
  await page.keyboard.press('Enter')
  await onChannel(page, /^SMS/)
  await dialog(page).getByRole('button', { name: 'Open the conversation' }).click()
  await expect(thread(page).getByText(words)).toBeVisible()
})

test('what is no number is told before anything is sent', async ({ open, page, rules }) => {
  rules.expected.push(/422/)
  await open('/inbox?write=new')
  await dialog(page).getByRole('textbox', { name: 'To' }).fill('+999 12345678')
  await page.keyboard.press('Enter')
  await expect(dialog(page).getByRole('alert')).toBeVisible()
  await expect(dialog(page).getByRole('button', { name: 'Choose a template' })).toHaveCount(0)
})

test('a customer is written to on another channel, from the panel', async ({ open, page }) => {
  await open('/')
  const one = await customer(page)
  await page.goto(`/inbox/${one.id}`)
  await page.getByRole('button', { name: 'Write on another channel' }).click()
  await expect(dialog(page).getByTestId('address')).toHaveText(/^\+254/)
  await expect(dialog(page).getByRole('combobox', { name: 'Channel' })).toContainText('SMS')
  const words = unique('By SMS this time')
  await dialog(page).getByRole('textbox', { name: 'Message' }).fill(words)
  await dialog(page).getByRole('button', { name: 'Send' }).click()
  // Another thread of the same person.
  await expect(page).not.toHaveURL(new RegExp(one.id))
  await expect(thread(page).getByText(words)).toBeVisible()
  await expect(page.locator('main').getByText(one.name).first()).toBeVisible()
  // By SMS an answer can quote nothing, so nothing of the kind is offered.
  await thread(page).getByRole('listitem').filter({ hasText: words }).hover()
  await thread(page).getByRole('listitem').filter({ hasText: words }).getByRole('button', { name: 'Message actions' }).click()
  await expect(page.getByRole('menuitem', { name: 'Copy link to this message' })).toBeVisible()
  await expect(page.getByRole('menuitem', { name: 'Reply' })).toHaveCount(0)
})

test('somebody new gets a template on WhatsApp', async ({ open, page }) => {
  await open('/inbox?write=new')
  const number = newNumber()
  await dialog(page).getByRole('textbox', { name: 'To' }).fill(number)
  await page.keyboard.press('Enter')
  await onChannel(page, /^WhatsApp/)
  await dialog(page).getByRole('button', { name: 'Choose a template' }).click()
  const picker = page.getByRole('dialog').last()
  // One of the demo's own, which takes words only.
  await picker.getByRole('searchbox').fill('review_request')
  await picker.getByRole('button', { name: /review_request/ }).first().click()
  await expect(picker.getByRole('button', { name: 'Send template' })).toBeVisible()
  for (const field of await picker.getByRole('textbox').all()) if ((await field.inputValue()) === '') await field.fill('Ana')
  await picker.getByRole('button', { name: 'Send template' }).click()
  await expect(page).toHaveURL(/\/inbox\/cv_/)
  await expect(composer(page)).toBeVisible()
  await expect(thread(page).getByText('Template').first()).toBeVisible()
})

test('@phone on a phone it is a sheet with the same steps', async ({ open, page }) => {
  await open('/inbox')
  await page.getByRole('button', { name: 'New message' }).click()
  await dialog(page).getByRole('textbox', { name: 'To' }).fill(newNumber())
  await dialog(page).getByRole('option').first().click()
  await onChannel(page, /^SMS/)
  const words = unique('From the road')
  await dialog(page).getByRole('textbox', { name: 'Message' }).fill(words)
  await dialog(page).getByRole('button', { name: 'Send' }).click()
  await expect(thread(page).getByText(words)).toBeVisible()
})

test('words beside what nobody knows, and a card that came as a file', async ({ open, page }) => {
  await open('/')
  const channels = (await (await page.request.get('/api/v1/channels')).json()) as { items: { id: string; provider: string }[] }
  const sms = channels.items.find((each) => each.provider === 'sandbox_sms')!.id
  const phone = `1415556${String(Date.now() % 1e4).padStart(4, '0')}`
  const post = async (path: string, data: object): Promise<void> => {
    const answer = await page.request.post(`/api/v1${path}?channel_id=${sms}`, { headers: { 'X-Frontdesk': '1' }, data })
    expect(answer.ok(), await answer.text()).toBe(true)
  }
  await post('/sandbox/customers', { name: 'Rita', phone: `+${phone}` })
  const name = unique('Nasra')
  const card = `BEGIN:VCARD\r\nVERSION:3.0\r\nFN:${name}\r\nTEL;TYPE=CELL:+254 722 000111\r\nEND:VCARD\r\n`
  await post(`/sandbox/customers/${phone}/messages`, { type: 'document', document: { data: Buffer.from(card).toString('base64'), mime_type: 'text/vcard' } })
  await page.goto('/inbox')
  await page.locator('[data-row]').filter({ hasText: `+${phone}` }).click()
  await expect(thread(page).getByText(name)).toBeVisible()
  await expect(thread(page).getByText('+254 722 000111')).toBeVisible()
  await expect(thread(page).getByRole('button', { name: 'Save as a contact file' })).toBeVisible()
})
