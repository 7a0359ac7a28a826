/** What a team does with templates besides writing them: asking and agreeing, many at once, files, old texts, trials. */
import type { Page } from '@playwright/test'
import { readFileSync } from 'node:fs'
import { axe, colleague, expect, shot, test, unique } from './support'

const HEADERS = { 'X-Frontdesk': '1' }
interface Made {
  id: string
  name: string
}
const nameOf = (start = 'team'): string => unique(start).toLowerCase().replace(/[^a-z0-9]+/g, '_')
const api = async <T>(page: Page, method: 'get' | 'post' | 'put' | 'delete', path: string, data?: object): Promise<T> => {
  const answer = await page.request[method](`/api/v1${path}`, { headers: HEADERS, data })
  expect(answer.ok(), await answer.text()).toBe(true)
  return (answer.status() === 204 ? null : await answer.json()) as T
}
async function draft(page: Page, name = nameOf(), text = 'Hi {{1}}, your order is ready.'): Promise<Made> {
  const { items } = await api<{ items: { id: string; provider: string }[] }>(page, 'get', '/channels')
  const channel_id = items.find((each) => each.provider === 'sandbox')!.id
  const components = [{ type: 'BODY', text, example: { body_text: [['Amina']] } }]
  return api(page, 'post', '/templates', { channel_id, name, language: 'en', category: 'utility', components })
}
const state = async (page: Page, id: string): Promise<string> => (await api<{ status: string }>(page, 'get', `/templates/${id}`)).status
const list = (page: Page) => page.getByTestId('templates')

test.describe('where agents ask first', () => {
  test.beforeEach(async ({ open, page }) => {
    await open()
    await api(page, 'put', '/template-settings', { approval_required: true })
  })
  test.afterEach(async ({ page }) => {
    await api(page, 'put', '/template-settings', { approval_required: false })
  })

  test('an agent asks, learns why it came back, asks again, and an owner agrees', async ({ page, browser, url }) => {
    const agent = await colleague(page, browser, url)
    const made = await draft(agent)
    await agent.goto(`/templates/${made.id}`)
    await agent.getByRole('button', { name: 'Ask for approval' }).click()
    await expect(agent.getByText('An owner has been asked')).toBeVisible()
    await expect(agent.getByTestId('asked')).toContainText('Waits for an owner')
    await expect(agent.getByRole('button', { name: 'Approve' })).toHaveCount(0)
    await axe(agent)
    await shot(agent, 'approval-asked')

    await page.goto('/templates')
    await page.getByTestId('asks').getByRole('button', { name: 'Show' }).click()
    await expect(page).toHaveURL(/status=awaiting_approval/)
    await shot(page, 'approval-list')
    await list(page).getByRole('link', { name: made.name }).click()
    const decision = page.getByTestId('approval')
    await expect(decision).toContainText('asks for your approval')
    await decision.getByRole('button', { name: 'Send back' }).click()
    await expect(decision).toContainText('Say what should change')
    await expect(decision.getByLabel('Note')).toBeFocused()
    await axe(page)
    await shot(page, 'approval-decide')
    await decision.getByLabel('Note').fill('Say which order it is.')
    await decision.getByRole('button', { name: 'Send back' }).click()
    await expect(page.getByText('Sent back. Whoever wrote it sees why.')).toBeVisible()
    await expect(decision).toHaveCount(0)

    // The author sees it without asking, mends the text, and asks again.
    const back = agent.getByTestId('sent-back')
    await expect(back).toContainText('Say which order it is.', { timeout: 15_000 })
    await axe(agent)
    await shot(agent, 'approval-back')
    await agent.getByLabel('Text', { exact: true }).fill('Hi {{1}}, your order of today is ready.')
    await agent.getByRole('button', { name: 'Ask for approval' }).click()
    await expect(agent.getByTestId('asked')).toBeVisible()
    await expect(back).toHaveCount(0)

    await page.reload()
    await page.getByTestId('approval').getByRole('button', { name: 'Approve' }).click()
    await expect.poll(() => state(page, made.id), { timeout: 20_000 }).toBe('approved')
    await expect(agent.getByText('Approved', { exact: true }).first()).toBeVisible({ timeout: 15_000 })
    await agent.getByRole('tab', { name: 'History' }).click()
    const history = agent.getByTestId('history')
    for (const step of ['Approval asked', 'Sent back', 'Approved within the team', 'Submitted']) await expect(history.getByText(step, { exact: true }).first()).toBeVisible()
    await expect(history).toContainText('Say which order it is.')
    await shot(agent, 'approval-history')
    await agent.context().close()
  })

  test('several that wait are approved at once', async ({ page, browser, url }) => {
    const agent = await colleague(page, browser, url)
    const made = [await draft(agent, nameOf('ask_a')), await draft(agent, nameOf('ask_b'))]
    for (const { id } of made) await api(agent, 'post', `/templates/${id}/submit`, {})
    await agent.context().close()
    await page.goto('/templates?status=awaiting_approval')
    for (const { name } of made) await page.getByRole('checkbox', { name: `Select ${name}` }).check()
    await page.getByRole('toolbar', { name: 'Selected templates' }).getByRole('button', { name: 'Approve 2' }).click()
    await expect(page.getByText('2 templates approved and submitted')).toBeVisible()
    await expect.poll(async () => [await state(page, made[0]!.id), await state(page, made[1]!.id)], { timeout: 20_000 }).toEqual(['approved', 'approved'])
  })
})

test('many at once: what cannot be done stays selected and says why', async ({ open, page }) => {
  await open()
  const mark = nameOf('bulk')
  const [good, bad] = [await draft(page, `${mark}_good`), await draft(page, `${mark}_bad`, '{{1}} is ready')]
  await page.goto(`/templates?q=${mark}`)
  await expect(list(page).getByRole('listitem').filter({ has: page.getByRole('checkbox') })).toHaveCount(2)
  await page.keyboard.press('ControlOrMeta+a')
  const bar = page.getByRole('toolbar', { name: 'Selected templates' })
  await expect(bar).toContainText('2 selected')
  await axe(page)
  await shot(page, 'bulk-bar')
  await bar.getByRole('button', { name: 'Submit 2' }).click()
  const run = page.getByTestId('bulk-run')
  await expect(run).toContainText('1 could not be done')
  await expect(run.getByRole('link', { name: bad.name })).toBeVisible()
  await expect(run).toContainText('begins or ends with a variable')
  await expect(bar).toContainText('1 selected')
  await axe(page)
  await shot(page, 'bulk-failed')
  await expect.poll(() => state(page, good.id), { timeout: 20_000 }).toBe('approved')
  await page.keyboard.press('Escape')
  await expect(bar).toHaveCount(0)

  // Roles go back with one press; a deletion is asked about first, and says what WhatsApp loses.
  await page.getByRole('checkbox', { name: `Select ${good.name}` }).check()
  await bar.getByRole('button', { name: 'Who may use them' }).click()
  await page.getByRole('menuitem', { name: 'Owners only' }).click()
  await expect(list(page).getByText('Owners only')).toBeVisible()
  await page.getByRole('button', { name: 'Undo' }).click()
  await expect(list(page).getByText('Owners only')).toHaveCount(0)
  await page.getByRole('checkbox', { name: 'Select all' }).check()
  await bar.getByRole('button', { name: 'Delete' }).click()
  const sure = page.getByRole('alertdialog')
  await expect(sure).toContainText('Delete 2 templates?')
  await expect(sure).toContainText('1 of them is at WhatsApp')
  await shot(page, 'bulk-delete')
  await sure.getByRole('button', { name: 'Delete' }).click()
  await expect(page.getByText('No template fits these filters')).toBeVisible()
  await page.getByRole('button', { name: 'Clear filters' }).click()
  await expect(list(page).getByRole('link', { name: 'cake_order_confirmed' })).toBeVisible()
})

/** Chooses a file in the dialog that is open. */
async function choose(page: Page, name: string, content: string | Buffer): Promise<void> {
  await page.getByRole('dialog').locator('input[type=file]').setInputFiles({ name, mimeType: 'application/json', buffer: Buffer.from(content) })
}

test('templates leave as a file and come back from it', async ({ open, page }) => {
  await open()
  const made = await draft(page, nameOf('round'), 'Hi {{1}}, round we go: 🎂 وداعًا.')
  await page.goto(`/templates?q=${made.name}`)
  await page.getByRole('checkbox', { name: `Select ${made.name}` }).check()
  const saving = page.waitForEvent('download')
  await page.getByRole('button', { name: 'Export the selected' }).click()
  const saved = await saving
  expect(saved.suggestedFilename()).toMatch(/^templates-\d{4}-\d{2}-\d{2}\.json$/)
  const text = readFileSync(await saved.path(), 'utf8')
  const file = JSON.parse(text) as { format: string; templates: { name: string }[] }
  expect([file.format, file.templates.map((each) => each.name)]).toEqual(['frontdesk-templates', [made.name]])

  // There already: nothing to do. Gone: a draft as it was, and one press takes it back.
  await page.getByRole('button', { name: 'Import a file' }).click()
  const dialog = page.getByRole('dialog')
  await choose(page, 'templates.json', text)
  await expect(dialog.getByTestId('import-summary')).toContainText('0 new · 1 there already')
  await expect(dialog.getByRole('button', { name: /^Import 0/ })).toBeDisabled()
  await api(page, 'delete', `/templates/${made.id}`)
  await choose(page, 'templates.json', text)
  await expect(dialog.getByTestId('import-summary')).toHaveText('1 new')
  await axe(page)
  await shot(page, 'import')
  await dialog.getByRole('button', { name: 'Import 1 template' }).click()
  await expect(page.getByText('1 template added as a draft')).toBeVisible()
  await expect(list(page).getByText('round we go: 🎂 وداعًا.')).toBeVisible()
  await page.getByRole('button', { name: 'Undo' }).click()
  await expect(page.getByText('No template fits these filters')).toBeVisible()
})

test('files that are none, and templates in them that are none, are told apart', async ({ open, page, rules }) => {
  rules.expected.push(/422/)
  await open('/templates')
  await page.getByRole('button', { name: 'Import a file' }).click()
  const dialog = page.getByRole('dialog')
  const summary = dialog.getByTestId('import-summary')
  for (const [content, words] of [
    ['hello', 'no list of templates'], ['{"foo": 1}', 'no list of templates'], ['[1, 2]', 'no list of templates'], ['', 'no list of templates'],
    ['{"templates": []}', 'no template in this file'], ['{"format": "frontdesk-templates", "version": 9, "templates": [{}]}', 'newer version'],
    [Buffer.alloc(2_100_000, 32), 'too large'], [Buffer.from([0xff, 0xfe, 0x00, 0x9f]), 'no list of templates'],
  ] as const) {
    await choose(page, 'bad.json', content as string)
    await expect(dialog.getByRole('alert')).toContainText(words)
    await expect(summary).toHaveCount(0)
  }
  await axe(page)
  await shot(page, 'import-bad')
  const good = { name: nameOf('mixed'), language: 'en', category: 'utility', components: [{ type: 'BODY', text: 'Good to see you.' }] }
  const mixed = [good, { ...good, name: 'Not A Name' }, { ...good, name: `${good.name}_b`, surprise: true }, { ...good, name: `${good.name}_c`, components: [] }]
  await choose(page, 'mixed.json', JSON.stringify(mixed))
  await expect(summary).toHaveText('2 new · 2 cannot be read')
  const rows = dialog.getByTestId('import-list').getByRole('listitem')
  await expect(rows.nth(1)).toContainText('Left out')
  await expect(rows.nth(1)).toContainText('small letters')
  await expect(rows.nth(2)).toContainText('surprise')
  await expect(rows.nth(3)).toContainText('1 thing to mend')
  await axe(page)
  await shot(page, 'import-mixed')
  await dialog.getByRole('button', { name: 'Import 2 templates' }).click()
  await expect(page.getByText('2 templates added as drafts')).toBeVisible()
  await page.getByRole('button', { name: 'Undo' }).click()
  await page.goto(`/templates?q=${good.name}`)
  await expect(page.getByText('No template fits these filters')).toBeVisible()
})

test('a text and a call script become templates', async ({ open, page, rules }) => {
  rules.expected.push(/409/)
  await open('/templates')
  const dialog = page.getByRole('dialog')
  await page.getByRole('button', { name: 'New template' }).click()
  const text = dialog.getByLabel('Make it from a text')
  await text.fill('Hi Amina, your order #1042 of KES 1,500 comes on Friday at 10:30. See https://shop.example/orders\nReply STOP to opt out')
  const steps = dialog.getByTestId('steps')
  await expect(steps).toContainText('Amina becomes the variable {{1}}')
  await expect(steps).toContainText('https://shop.example/orders becomes a button')
  await expect(steps).toContainText('becomes the footer')
  await expect(dialog.getByTestId('preview')).toContainText('Hi Amina, your order #1042')
  await axe(page)
  await shot(page, 'convert-text')
  const name = nameOf('from_text')
  await dialog.getByLabel('Name').fill(name)
  await dialog.getByRole('button', { name: 'Create draft' }).click()
  await expect(page.getByRole('heading', { name, level: 1 })).toBeVisible()
  await expect(page.getByLabel('Text', { exact: true })).toHaveValue(/^Hi \{\{1\}\}, your order \{\{2\}\} of \{\{3\}\} comes on \{\{4\}\} at \{\{5\}\}\./)
  await expect(page.getByLabel('Sample for {{2}}')).toHaveValue('#1042')
  await expect(page.getByTestId('problems')).toContainText('Keeps every rule')

  await page.goto('/templates')
  await page.getByRole('button', { name: 'New template' }).click()
  await text.fill('Agent: Hello [customer name], your booking is on 12 March. [pause]\nCustomer: Yes?\nAgent: Please call +254700555010 to change it.')
  await expect(steps).toContainText('customer speaks is left out')
  await expect(steps).toContainText('customer name becomes the variable {{1}}')
  await expect(dialog.getByTestId('preview')).not.toContainText('Yes?')
  await expect(dialog.getByTestId('preview')).toContainText('+254700555010')
  const script = nameOf('from_script')
  await dialog.getByLabel('Name').fill(script)
  await dialog.getByLabel('Name').press('Enter')
  await expect(page.getByRole('heading', { name: script, level: 1 })).toBeVisible()
  // The name is taken: it is said, and nothing that was written is lost.
  await page.goto('/templates')
  await page.getByRole('button', { name: 'New template' }).click()
  await text.fill('Another text altogether')
  await expect(steps).toContainText('taken as it is')
  await dialog.getByLabel('Name').fill(script)
  await dialog.getByRole('button', { name: 'Create draft' }).click()
  await expect(dialog.getByRole('alert')).toBeVisible()
  await expect(text).toHaveValue('Another text altogether')
  await shot(page, 'convert-taken')
})

test('a template is tried on one number, and followed there', async ({ open, page }) => {
  await open()
  const made = await draft(page, nameOf('trial'))
  await api(page, 'post', `/templates/${made.id}/submit`, {})
  await expect.poll(() => state(page, made.id), { timeout: 20_000 }).toBe('approved')
  await page.goto(`/templates/${made.id}`)
  await page.getByRole('tab', { name: 'Performance' }).click()
  await expect(page.getByText('Not used yet')).toBeVisible()
  await page.getByRole('button', { name: 'Test send' }).click()
  const dialog = page.getByRole('dialog')
  // The samples stand there already.
  await expect(dialog.getByLabel('{{1}}')).toHaveValue('Amina')
  await dialog.getByLabel('Phone number').fill('0700 555 010')
  await dialog.getByRole('button', { name: 'Send', exact: true }).click()
  await expect(dialog.getByText('with its country code, such as')).toBeVisible()
  await axe(page)
  const number = `+2547${String(Date.now() % 1e8).padStart(8, '0')}`
  await dialog.getByLabel('Phone number').fill(number)
  await dialog.getByLabel('{{1}}').fill('Trial')
  await shot(page, 'test-send')
  await dialog.getByRole('button', { name: 'Send', exact: true }).click()
  const sent = dialog.getByTestId('test-sent')
  await expect(sent).toContainText(number)
  await expect(sent.getByRole('status')).toHaveText('Read', { timeout: 20_000 })
  await axe(page)
  await shot(page, 'test-sent')
  await sent.getByRole('link', { name: 'Open the conversation' }).click()
  await expect(page).toHaveURL(/\/inbox\//)
  await expect(page.getByText('Hi Trial, your order is ready.').last()).toBeVisible()
  await page.goto(`/templates/${made.id}`)
  await page.getByRole('tab', { name: 'Performance' }).click()
  await expect(page.getByTestId('figures')).toContainText('100%')
  await shot(page, 'figures')
})

test('numbered variables become named ones and back, with their samples; an offer takes the footer away', async ({ open, page }) => {
  await open()
  const made = await draft(page, nameOf('sorts'))
  await page.goto(`/templates/${made.id}`)
  const body = page.getByLabel('Text', { exact: true })
  await page.getByLabel('Variables').click()
  await page.getByRole('option', { name: 'Named' }).click()
  await expect(body).toHaveValue('Hi {{value_1}}, your order is ready.')
  await expect(page.getByLabel('Sample for {{value_1}}')).toHaveValue('Amina')
  await expect(page.getByTestId('problems')).toContainText('Keeps every rule')
  await page.getByLabel('Variables').click()
  await page.getByRole('option', { name: 'Numbered' }).click()
  await expect(body).toHaveValue('Hi {{1}}, your order is ready.')

  await page.getByLabel('Category').click()
  await page.getByRole('option', { name: 'Marketing' }).click()
  await page.getByLabel('Footer').fill('Reply STOP to opt out')
  await page.getByRole('switch', { name: 'Limited-time offer' }).click()
  await expect(page.getByLabel('Footer')).toHaveCount(0)
  await expect(page.getByTestId('problems')).not.toContainText('footer')
  await shot(page, 'offer')
  await page.getByRole('switch', { name: 'Limited-time offer' }).click()
  await expect(page.getByLabel('Footer')).toHaveValue('Reply STOP to opt out')
  await page.getByRole('switch', { name: 'Carousel' }).click()
  await expect(page.getByRole('group', { name: 'Card 2' })).toBeVisible()
  await expect(page.getByTestId('problems')).toContainText('Card 1')
  await axe(page)
  await shot(page, 'carousel')
  await page.getByRole('switch', { name: 'Carousel' }).click()
  await expect(page.getByLabel('Footer')).toHaveValue('Reply STOP to opt out')
  await page.keyboard.press('ControlOrMeta+s')
  await expect(page.getByText('Draft saved')).toBeVisible()
})
