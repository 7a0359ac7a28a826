import { type ChildProcess, spawn } from 'node:child_process'
import { freePort } from './servers'
import { composer, expect, test, thread, unique } from './support'

/** 360dialog, played by the program itself beside the demo, and a channel that is connected to it. */
const NUMBER = '205300400500601'
const children: ChildProcess[] = []
test.afterEach(() => children.splice(0).forEach((child) => child.kill('SIGTERM')))

test('a message, a file and a tap come in, answers, files and buttons go out and are read, through 360dialog', async ({ open, page, request, url }) => {
  test.skip(!process.env.FRONTDESK_BIN, 'needs the binary to play 360dialog')
  await open('/inbox')
  const base = `http://127.0.0.1:${await freePort()}`
  const phone = `+1555${String(Date.now()).slice(-7)}`
  const made = await page.request.post('/api/v1/channels', {
    headers: { 'X-Frontdesk': '1' },
    data: {
      provider: 'dialog360', name: unique('WhatsApp by 360dialog'), settings: { display_phone_number: phone, api_base: base },
      secrets: { api_key: 'sandbox-token', webhook_secret: 'only-we-know-this' },
    },
  })
  expect(made.status()).toBe(201)
  const { id: channel } = (await made.json()) as { id: string }
  children.push(spawn(process.env.FRONTDESK_BIN!, ['sandbox', '--provider', 'dialog360', '--listen', base.replace('http://', ''), '--phone', phone], { stdio: ['ignore', 'ignore', 'inherit'] }))
  await expect(async () => expect((await request.get(`${base}/v1/configs/webhook`)).status()).toBeGreaterThan(0)).toPass()
  // The connection test has webhooks sent to the public address; here they go to where the program really listens.
  expect((await page.request.post(`/api/v1/channels/${channel}/test`, { headers: { 'X-Frontdesk': '1' } })).ok()).toBe(true)
  const key = { 'D360-API-KEY': 'sandbox-token' }
  const webhook = (await (await request.get(`${base}/v1/configs/webhook`, { headers: key })).json()) as { url: string; headers: Record<string, string> }
  expect(webhook.url).toContain(`/webhooks/360dialog/${channel}`)
  expect((await request.post(`${base}/v1/configs/webhook`, { headers: key, data: { ...webhook, url: `${url}/webhooks/360dialog/${channel}` } })).ok()).toBe(true)

  const name = unique('Amina')
  const wa_id = `2547${String(Date.now()).slice(-8)}`
  const says = async (message: object): Promise<void> => {
    const said = await request.post(`${base}/_sandbox/say`, { data: { phone_number_id: NUMBER, customer: { wa_id, name }, message } })
    expect(said.ok(), await said.text()).toBe(true)
  }
  await says({ type: 'text', text: { body: 'Do you deliver?' } })
  await page.locator('[data-row]').filter({ hasText: name }).click()
  await expect(thread(page).getByText('Do you deliver?')).toBeVisible()
  const answer = unique('Yes, we do')
  await composer(page).fill(answer)
  await page.keyboard.press('ControlOrMeta+Enter')
  const row = (words: string) => thread(page).locator('[role=listitem]').filter({ hasText: words }).last()
  await expect(row(answer)).toContainText('Read', { timeout: 20_000 })

  await page.locator('section[data-pane] input[type=file]').setInputFiles({ name: 'menu.pdf', mimeType: 'application/pdf', buffer: Buffer.from('%PDF-1.4\n%%EOF\n') })
  await expect(page.getByRole('list', { name: 'Attached files' }).getByText('Ready to send')).toBeVisible()
  await page.getByRole('button', { name: 'Send', exact: true }).click()
  await expect(row('menu.pdf')).toContainText('Read', { timeout: 20_000 })

  await page.getByRole('button', { name: 'Add to the message' }).click()
  await page.getByRole('menuitem', { name: 'Reply buttons', exact: true }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Text', { exact: true }).fill('When shall we come?')
  await dialog.getByLabel('Button 1').fill('Today')
  await dialog.getByRole('button', { name: 'Send' }).click()
  await expect(row('When shall we come?')).toContainText('Read', { timeout: 20_000 })
  const { items } = (await (await page.request.get('/api/v1/conversations')).json()) as { items: { id: string; contact: { name: string } }[] }
  const conversation = items.find((each) => each.contact.name === name)!.id
  const messages = (await (await page.request.get(`/api/v1/conversations/${conversation}/messages`)).json()) as { items: { type: string; provider_message_id: string }[] }
  const id = messages.items.find((each) => each.type === 'interactive')!.provider_message_id
  await says({ type: 'interactive', interactive: { type: 'button_reply', button_reply: { id: 'today', title: 'Today' } }, context: { id } })
  await expect(row('When shall we come?')).toContainText('Today')
  await expect(thread(page).getByText('Today').last()).toBeVisible()
})
