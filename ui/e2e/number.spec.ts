import { Buffer } from 'node:buffer'
import { deflateSync } from 'node:zlib'
import { axe, customer, expect, look, test, thread } from './support'

/** A square picture of one colour, as a PNG. */
function png(side: number): Buffer {
  const table = Array.from({ length: 256 }, (_, n) => {
    let c = n
    for (let k = 0; k < 8; k += 1) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1
    return c >>> 0
  })
  const crc = (bytes: Buffer): number => {
    let c = 0xffffffff
    for (const byte of bytes) c = table[(c ^ byte) & 0xff]! ^ (c >>> 8)
    return (c ^ 0xffffffff) >>> 0
  }
  const chunk = (kind: string, data: Buffer): Buffer => {
    const body = Buffer.concat([Buffer.from(kind), data])
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)]
    length.writeUInt32BE(data.length)
    sum.writeUInt32BE(crc(body))
    return Buffer.concat([length, body, sum])
  }
  const head = Buffer.alloc(13)
  head.writeUInt32BE(side, 0)
  head.writeUInt32BE(side, 4)
  head.set([8, 2, 0, 0, 0], 8)
  const row = Buffer.concat([Buffer.from([0]), Buffer.alloc(side * 3, Buffer.from([196, 120, 60]))])
  const rows = Buffer.concat(Array.from({ length: side }, () => row))
  return Buffer.concat([Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]), chunk('IHDR', head), chunk('IDAT', deflateSync(rows)), chunk('IEND', Buffer.alloc(0))])
}

test('picture, shop, commands and PIN of a number are set on its page', async ({ open, page, rules }, info) => {
  rules.expected.push(/404/)
  await open()
  const channels = ((await (await page.request.get('/api/v1/channels?limit=100')).json()) as { items: { id: string; provider: string }[] }).items
  const id = channels.find((each) => each.provider === 'sandbox')!.id
  await page.goto(`/settings/channels/${id}`)

  const choose = page.getByLabel('Choose a picture', { exact: true }).first()
  await choose.setInputFiles({ name: 'small.png', mimeType: 'image/png', buffer: png(100) })
  await expect(page.getByText('Each side needs at least 192 pixels.')).toBeVisible()
  await choose.setInputFiles({ name: 'us.png', mimeType: 'image/png', buffer: png(240) })
  await expect(page.getByText('Goes to WhatsApp when you save.')).toBeVisible()
  await page.locator('form').filter({ has: page.getByLabel('About') }).getByRole('button', { name: 'Save', exact: true }).click()
  await expect(page.getByText('JPEG or PNG up to 5 MB')).toBeVisible()
  await page.reload()
  const picture = page.getByRole('img', { name: /Profile picture of/ })
  await expect(picture).toBeVisible()
  await expect.poll(() => picture.evaluate((img: HTMLImageElement) => img.naturalWidth)).toBe(240)

  const catalogue = page.getByRole('switch', { name: 'Show the catalogue' })
  const before = await catalogue.getAttribute('aria-checked')
  await catalogue.click()
  await expect(catalogue).not.toHaveAttribute('aria-checked', before!)
  const cards = page.locator('form').filter({ hasText: 'Commands, by typing /' })
  await cards.getByRole('button', { name: 'Add a command' }).click()
  await cards.getByLabel('Command 1').fill('/orders')
  await cards.getByLabel('What it does').first().fill('Show my orders')
  await cards.getByRole('button', { name: 'Save', exact: true }).click()
  await expect.poll(async () => ((await (await page.request.get(`/api/v1/channels/${id}/welcome`)).json()) as { commands: unknown }).commands).toEqual([{ name: 'orders', description: 'Show my orders' }])

  await page.getByLabel('New PIN').fill('12')
  await page.getByRole('button', { name: 'Set PIN' }).click()
  await expect(page.getByText('Give six digits.')).toBeVisible()
  await page.getByLabel('New PIN').fill('284913')
  await page.getByRole('button', { name: 'Set PIN' }).click()
  await expect(page.getByLabel('New PIN')).toHaveValue('')
  await look(page, 'number', info)
})

test('somebody is blocked from their conversation, and heard again', async ({ open, page }, info) => {
  await open()
  const someone = await customer(page, 'Buy my watches!')
  await page.goto(`/inbox/${someone.id}`)
  await expect(thread(page).getByText('Buy my watches!')).toBeVisible()
  const panel = page.getByRole('complementary', { name: 'Details' })
  if (!(await panel.isVisible())) await page.getByRole('button', { name: /^Details/ }).click()
  await panel.getByRole('button', { name: 'Block', exact: true }).click()
  const dialog = page.getByRole('alertdialog')
  await expect(dialog).toContainText(someone.name)
  await dialog.getByRole('button', { name: 'Block', exact: true }).click()
  await expect(panel.getByText('Blocked on WhatsApp')).toBeVisible()
  await axe(page)
  await look(page, 'blocked', info)
  await panel.getByRole('button', { name: 'Unblock' }).click()
  await expect(panel.getByText('Blocked on WhatsApp')).toHaveCount(0)
})

test('a template that WhatsApp keeps back says why, until it goes out', async ({ open, page }, info) => {
  await open()
  const channels = ((await (await page.request.get('/api/v1/channels?limit=100')).json()) as { items: { id: string; provider: string }[] }).items
  const id = channels.find((each) => each.provider === 'sandbox')!.id
  const templates = ((await (await page.request.get(`/api/v1/templates?status=approved&channel_id=${id}&limit=100`)).json()) as { items: { name: string; language: string; variables: string[] }[] }).items
  const plain = templates.find((each) => each.name === 'review_request')!
  // It is kept back for eight seconds only: the inbox stands already when it is sent.
  await page.goto('/inbox')
  await expect(page.locator('[data-row]').first()).toBeVisible()
  const phone = `+2547${String(Date.now() % 100).padStart(2, '0')}9990903`
  const answer = await page.request.post('/api/v1/messages', {
    headers: { 'X-Frontdesk': '1', 'Idempotency-Key': `held-${Date.now()}` },
    data: { channel_id: id, to: phone, type: 'template', template: { name: plain.name, language: plain.language, variables: Object.fromEntries(plain.variables.map((name, n) => [name, `${n + 1}042`])) } },
  })
  expect(answer.status(), await answer.text()).toBe(202)
  const { conversation_id } = (await answer.json()) as { conversation_id: string }
  await page.locator(`[data-row="${conversation_id}"]`).click()
  await expect(thread(page).getByText('Held back by WhatsApp')).toBeVisible()
  await expect(thread(page).getByText(/looks first at how customers take the template/)).toBeVisible()
  await look(page, 'held', info)
  await expect(thread(page).getByText('Held back by WhatsApp')).toHaveCount(0, { timeout: 20_000 })
})
