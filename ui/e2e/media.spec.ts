import type { Locator, Page } from '@playwright/test'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { instagramChannel, instagramCustomer } from './social'
import { axe, composer, expect, shot, test, thread, unique } from './support'

/** Files both ways, each kind: from the customer's phone into the thread, and from the composer to the phone. */
const CAKE = readFileSync(fileURLToPath(new URL('../../data/sandbox/cake.png', import.meta.url)))
const PDF = Buffer.from('%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF')

// A microphone that hums, and nobody who must allow it.
test.use({
  permissions: ['microphone'],
  launchOptions: {
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'],
  },
})

async function meet(open: (path?: string) => Promise<Page>, page: Page): Promise<{ name: string; phone: Locator; inbox: Page }> {
  await open('/phone')
  const name = unique('Neema')
  await page.getByRole('button', { name: 'Add a customer' }).first().click()
  await page.getByRole('dialog').getByLabel('Name').fill(name)
  await page.getByRole('dialog').getByRole('button', { name: 'Add a customer' }).click()
  const phone = page.getByRole('region', { name: `Phone of ${name}` })
  const hello = unique('Hello')
  await expect(phone).toBeVisible()
  await phone.getByRole('textbox', { name: 'Message' }).fill(hello)
  await page.keyboard.press('Enter')
  await expect(phone.getByText(hello)).toBeVisible()
  const inbox = await page.context().newPage()
  await inbox.goto('/inbox')
  await inbox.locator('[data-row]').filter({ hasText: name }).click()
  await expect(thread(inbox).getByText(hello).first()).toBeVisible()
  return { name, phone, inbox }
}
const attach = (inbox: Page, ...files: { name: string; mimeType: string; buffer: Buffer }[]): Promise<void> =>
  inbox.locator('section[data-pane] input[type=file]').setInputFiles(files)
const send = (inbox: Page): Promise<void> => inbox.getByRole('button', { name: 'Send', exact: true }).click()
const drawn = (picture: Locator): Promise<void> =>
  expect.poll(() => picture.evaluate((image: HTMLImageElement) => image.complete && image.naturalWidth > 0)).toBe(true)

test('a picture arrives, is looked at large, and one goes back', async ({ open, page }) => {
  const { phone, inbox } = await meet(open, page)
  await page.bringToFront()
  await phone.getByRole('button', { name: 'Attach' }).click()
  await page.getByRole('menuitem', { name: /Something like this/ }).click()
  await inbox.bringToFront()
  const picture = thread(inbox).getByRole('button', { name: /Open picture/ })
  await expect(picture).toBeVisible({ timeout: 15_000 })
  await drawn(picture.getByRole('img'))
  await axe(inbox)
  await picture.click()
  const large = inbox.getByRole('dialog')
  await drawn(large.getByRole('img'))
  await axe(inbox)
  await inbox.keyboard.press('Escape')
  await expect(large).toBeHidden()
  await expect(picture).toBeFocused()

  await attach(inbox, { name: 'cake.png', mimeType: 'image/png', buffer: CAKE })
  const tray = inbox.getByRole('list', { name: 'Attached files' })
  await expect(tray.getByText('Ready to send')).toBeVisible()
  await axe(inbox)
  const caption = unique('Like this one')
  await composer(inbox).fill(caption)
  await send(inbox)
  await expect(tray).toBeHidden()
  await expect(thread(inbox).getByRole('button', { name: `Open picture: ${caption}` })).toBeVisible()
  await page.bringToFront()
  await expect(phone.getByText(caption)).toBeVisible({ timeout: 15_000 })
  await drawn(phone.getByRole('img', { name: caption }))
})

test('documents go both ways, and several files at once', async ({ open, page }) => {
  const { phone, inbox } = await meet(open, page)
  await page.bringToFront()
  await phone.locator('input[type=file]').setInputFiles({ name: 'order.pdf', mimeType: 'application/pdf', buffer: PDF })
  await inbox.bringToFront()
  await expect(thread(inbox).getByText('order.pdf')).toBeVisible({ timeout: 15_000 })
  await expect(thread(inbox).getByRole('link', { name: 'Open order.pdf in a new tab' })).toHaveAttribute('href', /^\/media\//)
  const saved = inbox.waitForEvent('download')
  await thread(inbox).getByRole('link', { name: 'Download order.pdf' }).click()
  expect((await saved).suggestedFilename()).toBe('order.pdf')

  await attach(inbox, { name: 'menu.pdf', mimeType: 'application/pdf', buffer: PDF }, { name: 'cake.png', mimeType: 'image/png', buffer: CAKE })
  const tray = inbox.getByRole('list', { name: 'Attached files' })
  await expect(tray.getByText('Ready to send')).toHaveCount(2)
  await tray.getByRole('textbox', { name: 'Caption for menu.pdf' }).fill('Our menu')
  await send(inbox)
  await page.bringToFront()
  await expect(phone.getByText('menu.pdf')).toBeVisible({ timeout: 15_000 })
  await expect(phone.getByRole('img')).toBeVisible({ timeout: 15_000 })
})

test('a document is read without leaving the app, and a text by its beginning', async ({ open, page, rules }) => {
  // Where the browser shows a PDF there is no storage for the script by which tests begin signed in.
  rules.expected.push(/reading 'setItem'/)
  const { phone, inbox } = await meet(open, page)
  await page.bringToFront()
  await phone.locator('input[type=file]').setInputFiles({ name: 'order.pdf', mimeType: 'application/pdf', buffer: PDF })
  await phone.locator('input[type=file]').setInputFiles({ name: 'prices.txt', mimeType: 'text/plain', buffer: Buffer.from(`Mkate 60\n${'x'.repeat(300_000)}`) })
  await inbox.bringToFront()
  await thread(inbox).getByRole('button', { name: /^order\.pdf .*Read here$/ }).click({ timeout: 15_000 })
  const dialog = inbox.getByRole('dialog')
  const frame = dialog.locator('iframe')
  await expect(frame).toHaveAttribute('src', /^\/media\//)
  // The browser shows it: a document that may not be framed would leave an error page of no origin.
  await expect.poll(async () => (await frame.elementHandle().then((it) => it?.contentFrame()))?.url() ?? '').toContain('/media/')
  await expect(dialog.getByRole('link', { name: 'Open order.pdf in a new tab' })).toBeVisible()
  await dialog.getByRole('button', { name: 'Close' }).click()
  await expect(dialog).toBeHidden()
  await thread(inbox).getByRole('button', { name: /^prices\.txt .*Read here$/ }).click({ timeout: 15_000 })
  await expect(dialog.getByText('Mkate 60')).toBeVisible()
  await expect(dialog.getByText('Only the beginning is shown')).toBeVisible()
  await axe(inbox)
  await inbox.keyboard.press('Escape')
  await expect(dialog).toBeHidden()
})

test('a voice note becomes WAV where the channel takes nothing else, and is played', async ({ open, page, context }) => {
  await open('/')
  await instagramChannel(page)
  const { name, phone, write } = await instagramCustomer(page)
  await write('Hello')
  const inbox = await context.newPage()
  await inbox.goto('/inbox')
  await inbox.locator('[data-row]').filter({ hasText: name }).click()
  await inbox.getByRole('button', { name: 'Record a voice note' }).click()
  // Long enough to be found playing.
  await expect(inbox.getByRole('timer')).toContainText(/0:0[4-9]/, { timeout: 20_000 })
  await inbox.getByRole('button', { name: 'Use this recording' }).click()
  const tray = inbox.getByRole('list', { name: 'Attached files' })
  await expect(tray.getByText('Ready to send')).toBeVisible()
  await expect(tray.getByText('converted to WAV')).toBeVisible()
  await send(inbox)
  const player = thread(inbox).getByRole('group').filter({ has: inbox.getByRole('slider', { name: 'Position' }) })
  await expect(player).toContainText(/0:0[1-9]/, { timeout: 15_000 })
  await player.getByRole('button', { name: 'Play' }).click()
  await expect(player.getByRole('button', { name: 'Pause' })).toBeVisible()
  await page.bringToFront()
  await expect(phone.getByText('Audio', { exact: true })).toBeVisible({ timeout: 15_000 })
})

test('a voice note is recorded here and played there', async ({ open, page }) => {
  const { phone, inbox } = await meet(open, page)
  await inbox.bringToFront()
  await inbox.getByRole('button', { name: 'Record a voice note' }).click()
  // Long enough to be found playing.
  await expect(inbox.getByRole('timer')).toContainText(/0:0[4-9]/, { timeout: 20_000 })
  await inbox.getByRole('button', { name: 'Use this recording' }).click()
  await expect(inbox.getByRole('list', { name: 'Attached files' }).getByText('Ready to send')).toBeVisible()
  await send(inbox)
  const player = thread(inbox).getByRole('group').filter({ has: inbox.getByRole('slider', { name: 'Position' }) })
  await expect(player).toBeVisible({ timeout: 15_000 })
  await expect(player).toContainText(/0:0[1-9]/, { timeout: 15_000 })
  await player.getByRole('button', { name: 'Play' }).click()
  await expect(player.getByRole('button', { name: 'Pause' })).toBeVisible()
  await player.getByRole('button', { name: /Speed/ }).click()
  await expect(player).toContainText('1.5×')
  await expect(player.getByRole('alert')).toHaveCount(0)
  await expect(thread(inbox).getByRole('listitem').filter({ has: inbox.getByRole('slider', { name: 'Position' }) }).last()).toContainText(/Delivered|Read/, { timeout: 15_000 })
  await page.bringToFront()
  await expect(phone.getByRole('slider', { name: 'Position' })).toBeVisible({ timeout: 15_000 })
})

test('a voice note outlasts typing, the note tab and another conversation', async ({ open, page }) => {
  const { name, inbox } = await meet(open, page)
  await inbox.bringToFront()
  const tray = inbox.getByRole('list', { name: 'Attached files' })
  const timer = inbox.getByRole('timer')
  await inbox.getByRole('button', { name: 'Record a voice note' }).click()
  await expect(timer).toContainText('0:01', { timeout: 10_000 })
  await composer(inbox).fill('Typed meanwhile')
  await expect(timer).toBeVisible()
  await shot(inbox, 'voice-typing')
  await inbox.getByRole('button', { name: 'Note', exact: true }).click()
  await expect(timer).toBeVisible()
  await expect(timer).toContainText('0:02', { timeout: 10_000 })

  // Off to another customer in the middle of it: it is kept with the first one's reply, and that is said.
  await inbox.locator('[data-row]').filter({ hasNotText: name }).first().click()
  await expect(inbox.getByText(`The voice note was kept in your reply to ${name}`)).toBeVisible()
  await expect(timer).toBeHidden()
  await expect(tray).toBeHidden()
  await inbox.locator('[data-row]').filter({ hasText: name }).click()
  await expect(tray.getByText('Ready to send')).toBeVisible()
  await expect(composer(inbox)).toHaveValue('Typed meanwhile')
  await expect(inbox.getByRole('button', { name: 'Record a voice note' })).toBeHidden()
})

test('pictures that went together come back together', async ({ open, page, context }) => {
  await open('/')
  await instagramChannel(page)
  const { name, phone, write } = await instagramCustomer(page)
  await write('Show me')
  const inbox = await context.newPage()
  await inbox.goto('/inbox')
  await inbox.locator('[data-row]').filter({ hasText: name }).click()
  await inbox.getByRole('button', { name: 'Sending options' }).click()
  await inbox.getByRole('menuitemcheckbox', { name: /undo/ }).click()
  await inbox.keyboard.press('Escape')
  await attach(inbox, ...['one', 'two', 'three'].map((each) => ({ name: `${each}.png`, mimeType: 'image/png', buffer: CAKE })))
  const tray = inbox.getByRole('list', { name: 'Attached files' })
  await expect(tray.getByText('Ready to send')).toHaveCount(3)
  await send(inbox)
  await expect(tray).toBeHidden()
  await inbox.getByRole('button', { name: 'Undo sending' }).click()
  await expect(tray.getByText('Ready to send')).toHaveCount(3)
  await expect(thread(inbox).getByRole('button', { name: /Open picture/ })).toHaveCount(0)
  await send(inbox)
  await expect(thread(inbox).getByRole('button', { name: /Open picture/ })).toHaveCount(3, { timeout: 20_000 })
  await page.bringToFront()
  // One message still; the customer's app was never sent another.
  await expect(phone.getByText('Picture', { exact: true })).toHaveCount(1, { timeout: 15_000 })
})

test('a microphone that is allowed too late stays off', async ({ open, page, context }) => {
  await context.addInitScript(() => {
    const real = navigator.mediaDevices?.getUserMedia.bind(navigator.mediaDevices)
    if (!real) return
    const mine = window as unknown as { allow: () => void; tracks: MediaStreamTrack[] }
    mine.tracks = []
    navigator.mediaDevices.getUserMedia = async (wanted) => {
      await new Promise<void>((resolve) => (mine.allow = resolve))
      const stream = await real(wanted)
      mine.tracks.push(...stream.getTracks())
      return stream
    }
  })
  const { name, inbox } = await meet(open, page)
  await inbox.bringToFront()
  await inbox.getByRole('button', { name: 'Record a voice note' }).click()
  await inbox.locator('[data-row]').filter({ hasNotText: name }).first().click()
  await expect(composer(inbox)).not.toHaveAccessibleName(new RegExp(name))
  await inbox.evaluate(() => (window as unknown as { allow: () => void }).allow())
  await expect.poll(() => inbox.evaluate(() => (window as unknown as { tracks: MediaStreamTrack[] }).tracks.map((track) => track.readyState))).toEqual(['ended'])
  await expect(inbox.getByRole('timer')).toBeHidden()
})

test('limits are told before anything is sent, and files survive a reload', async ({ open, page }) => {
  const { inbox } = await meet(open, page)
  await inbox.bringToFront()
  await attach(inbox, { name: 'photo.heic', mimeType: 'image/heic', buffer: Buffer.from('x') }, { name: 'large.png', mimeType: 'image/png', buffer: Buffer.concat([CAKE, Buffer.alloc(6 << 20)]) })
  const tray = inbox.getByRole('list', { name: 'Attached files' })
  await expect(tray.getByRole('alert').filter({ hasText: 'image/heic' })).toBeVisible()
  await expect(tray.getByRole('alert').filter({ hasText: 'too large' })).toBeVisible()
  await expect(inbox.getByRole('button', { name: 'Send', exact: true })).toBeDisabled()
  await tray.getByRole('button', { name: 'Remove photo.heic' }).click()
  await tray.getByRole('button', { name: 'Remove large.png' }).click()
  await attach(inbox, { name: 'cake.png', mimeType: 'image/png', buffer: CAKE })
  await expect(tray.getByText('Ready to send')).toBeVisible()
  await inbox.reload()
  await expect(tray.getByText('cake.png')).toBeVisible()
  await expect(tray.getByText('Ready to send')).toBeVisible()
  await send(inbox)
  await expect(thread(inbox).getByRole('button', { name: /Open picture/ })).toBeVisible({ timeout: 15_000 })
})

test('a file is dropped into the composer', async ({ open, page }) => {
  const { inbox } = await meet(open, page)
  await inbox.bringToFront()
  const data = await inbox.evaluateHandle((bytes) => {
    const transfer = new DataTransfer()
    transfer.items.add(new File([new Uint8Array(bytes)], 'dropped.png', { type: 'image/png' }))
    return transfer
  }, [...CAKE])
  await composer(inbox).dispatchEvent('drop', { dataTransfer: data })
  await expect(inbox.getByRole('list', { name: 'Attached files' }).getByText('dropped.png')).toBeVisible()
  await expect(inbox.getByText('Ready to send')).toBeVisible()
})

test('a file that was let go is said to be gone, and fetched again', async ({ open, page, url }) => {
  const { phone, inbox } = await meet(open, page)
  await page.bringToFront()
  await phone.getByRole('button', { name: 'Attach' }).click()
  await page.getByRole('menuitem', { name: /My receipt/ }).click()
  await inbox.bringToFront()
  const picture = thread(inbox).getByRole('button', { name: /Open picture/ })
  await expect(picture).toBeVisible({ timeout: 15_000 })
  const conversation = new URL(inbox.url()).pathname.split('/').at(-1)!
  const messages = await inbox.request.get(`${url}/api/v1/conversations/${conversation}/messages`)
  const items = ((await messages.json()) as { items: { media?: { id: string }[] }[] }).items
  const id = items.find((item) => item.media)!.media![0]!.id
  expect((await inbox.request.delete(`${url}/api/v1/media/${id}`, { headers: { 'X-Frontdesk': '1' } })).status()).toBe(200)
  await expect(thread(inbox).getByText('This file is kept no longer.')).toBeVisible()
  await axe(inbox)
  await thread(inbox).getByRole('button', { name: 'Fetch again' }).click()
  await expect(picture).toBeVisible({ timeout: 15_000 })
})
