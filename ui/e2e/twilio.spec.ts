import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { freePort } from './servers'
import { composer, expect, test, thread, unique } from './support'

/** Twilio, played by the program itself beside the demo, and a WhatsApp channel that is connected to it. */
const ACCOUNT = 'AC00112233445566778899aabbccddeeff'
/** Another one at each try: a number belongs to one channel. */
const PHONE = `+1555${String(Date.now()).slice(-7)}`
const CAKE = readFileSync(fileURLToPath(new URL('../../data/sandbox/cake.png', import.meta.url)))
const LINE = `${ACCOUNT}/whatsapp:${PHONE}`

const children: ChildProcess[] = []
test.afterEach(() => children.splice(0).forEach((child) => child.kill('SIGTERM')))

test('buttons, a list and a card go out by WhatsApp through Twilio, and a tap comes back to its message', async ({ open, page, request }) => {
  test.skip(!process.env.FRONTDESK_BIN, 'needs the binary to play Twilio')
  await open('/inbox')
  const base = `http://127.0.0.1:${await freePort()}`
  const made = await page.request.post('/api/v1/channels', {
    headers: { 'X-Frontdesk': '1' },
    data: { provider: 'twilio', name: unique('WhatsApp by Twilio'), settings: { account_sid: ACCOUNT, from: `whatsapp:${PHONE}`, api_base: base }, secrets: { auth_token: 'sandbox-token' } },
  })
  expect(made.status()).toBe(201)
  const { webhook_url } = (await made.json()) as { webhook_url: string }
  children.push(spawn(process.env.FRONTDESK_BIN!, ['sandbox', '--provider', 'twilio', '--listen', base.replace('http://', ''), '--phone', PHONE, '--webhook-url', webhook_url], { stdio: ['ignore', 'ignore', 'inherit'] }))
  await expect(async () => expect((await request.get(base)).status()).toBe(401)).toPass()

  const name = unique('Amina')
  const wa_id = `2547${String(Date.now()).slice(-8)}`
  const says = async (message: object): Promise<void> => {
    const said = await request.post(`${base}/_sandbox/say`, { data: { line: LINE, customer: { wa_id, name }, message } })
    expect(said.status()).toBe(201)
  }
  await says({ type: 'text', text: { body: 'Do you deliver?' } })
  await page.locator('[data-row]').filter({ hasText: name }).click()
  await expect(thread(page).getByText('Do you deliver?')).toBeVisible()
  await expect(composer(page)).toBeVisible()

  const build = async (kind: string): Promise<void> => {
    await page.getByRole('button', { name: 'Add to the message' }).click()
    await page.getByRole('menuitem', { name: kind, exact: true }).click()
  }
  const dialog = page.getByRole('dialog')
  await build('Reply buttons')
  await dialog.getByLabel('Text', { exact: true }).fill('When shall we come?')
  await dialog.getByLabel('Button 1').fill('Today')
  await dialog.getByRole('button', { name: 'Send' }).click()
  const question = thread(page).locator('[role=listitem]').filter({ hasText: 'When shall we come?' }).last()
  await expect(question).toContainText(/Delivered|Read/, { timeout: 20_000 })

  // Twilio's lists are not divided, and what has no place there is not offered.
  await build('List')
  await dialog.getByLabel('Text', { exact: true }).fill('Which speed?')
  await dialog.getByLabel('Button that opens the list').fill('Choose')
  await dialog.getByLabel('Row 1').fill('Express')
  await expect(dialog.getByLabel('Section title')).toHaveCount(0)
  await expect(dialog.getByRole('button', { name: 'Add a section' })).toHaveCount(0)
  await dialog.getByRole('button', { name: 'Send' }).click()
  await expect(thread(page).locator('[role=listitem]').filter({ hasText: 'Which speed?' }).last()).toContainText(/Delivered|Read/, { timeout: 20_000 })
  await build('Card')
  await dialog.getByRole('textbox', { name: 'Title', exact: true }).fill('Large basket')
  await dialog.getByLabel('Subtitle').fill('KES 1,850')
  await expect(dialog.getByRole('button', { name: 'Add a card' })).toHaveCount(0)
  await dialog.getByRole('button', { name: 'Send' }).click()
  await expect(thread(page).locator('[role=listitem]').filter({ hasText: 'Large basket' }).last()).toContainText(/Delivered|Read/, { timeout: 20_000 })
  await page.getByRole('button', { name: 'Add to the message' }).click()
  await expect(page.getByRole('menuitem', { name: 'Location', exact: true })).toBeVisible()
  await expect(page.getByRole('menuitem', { name: /Form/ })).toHaveCount(0)
  await page.keyboard.press('Escape')

  // The tap names the message by Twilio's id for it.
  const conversations = (await (await page.request.get('/api/v1/conversations')).json()) as { items: { id: string; contact: { name: string } }[] }
  const conversation = conversations.items.find((each) => each.contact.name === name)!.id
  const messages = (await (await page.request.get(`/api/v1/conversations/${conversation}/messages`)).json()) as { items: { type: string; provider_message_id: string }[] }
  const id = messages.items.filter((each) => each.type === 'interactive').at(-1)!.provider_message_id
  await says({ type: 'button', button: { text: 'Today', payload: 'today' }, context: { id } })
  const tap = thread(page).locator('[role=listitem]').filter({ hasText: 'Today' }).last()
  await expect(tap).toContainText('When shall we come?')

  // A file goes out, and what the customer reads says so.
  await page.locator('section[data-pane] input[type=file]').setInputFiles({ name: 'cake.png', mimeType: 'image/png', buffer: CAKE })
  await expect(page.getByRole('list', { name: 'Attached files' }).getByText('Ready to send')).toBeVisible()
  const caption = unique('The large one')
  await composer(page).fill(caption)
  await page.getByRole('button', { name: 'Send', exact: true }).click()
  const picture = thread(page).locator('[role=listitem]').filter({ hasText: caption }).last()
  await expect(picture).toContainText('Read', { timeout: 20_000 })
  await expect(picture.getByRole('img', { name: caption })).toBeVisible()
})

test('what Twilio could not deliver is fetched from the channel’s page', async ({ open, page, request, rules }) => {
  rules.expected.push(/429/)
  test.skip(!process.env.FRONTDESK_BIN, 'needs the binary to play Twilio')
  const phone = `+1556${String(Date.now()).slice(-7)}`
  const base = `http://127.0.0.1:${await freePort()}`
  children.push(spawn(process.env.FRONTDESK_BIN!, ['sandbox', '--provider', 'twilio', '--listen', base.replace('http://', ''), '--phone', phone], { stdio: ['ignore', 'ignore', 'inherit'] }))
  await expect(async () => expect((await request.get(base)).status()).toBe(401)).toPass()
  await open('/settings/channels')
  const made = await page.request.post('/api/v1/channels', {
    headers: { 'X-Frontdesk': '1' },
    data: { provider: 'twilio', name: unique('Missed'), settings: { account_sid: ACCOUNT, from: `whatsapp:${phone}`, api_base: base }, secrets: { auth_token: 'sandbox-token' } },
  })
  expect(made.status()).toBe(201)
  const { id } = (await made.json()) as { id: string }
  const words = unique('Is anybody there')
  const said = await request.post(`${base}/_sandbox/say`, {
    data: { line: `${ACCOUNT}/whatsapp:${phone}`, customer: { wa_id: `2548${String(Date.now()).slice(-8)}`, name: 'Missed' }, message: { type: 'text', text: { body: words } } },
  })
  expect(said.status()).toBe(201)
  await page.goto(`/settings/channels/${id}`)
  const card = page.getByTestId('missed')
  await card.getByRole('button', { name: 'Fetch missed messages' }).click()
  await expect(card.getByRole('status')).toHaveText('One found. One was new.')
  await card.getByRole('button', { name: 'Fetch missed messages' }).click()
  await expect(card.getByRole('alert')).toContainText('a moment ago')
  await page.goto('/inbox')
  await expect(page.getByRole('list', { name: 'List of conversations' }).getByText(words)).toBeVisible()
})
