/** Every dialog and menu in every look: axe, nothing cut by the screen, and a picture to look at (E2E_SHOTS names a folder). */
import type { Page, TestInfo } from '@playwright/test'
import { composer, conversations, expect, look as seen, looks as test, thread } from './support'

const isPhone = (page: Page): boolean => (page.viewportSize()?.width ?? 0) < 768

async function openThread(page: Page, name: string): Promise<void> {
  let id = ''
  await expect.poll(async () => (id = (await conversations(page, `limit=1&q=${encodeURIComponent(name)}`))[0]?.id ?? '')).not.toBe('')
  await page.goto(`/inbox/${id}`)
  await expect(composer(page)).toBeVisible()
}
/** What is open lies within the screen and has a name. */
async function look(page: Page, name: string, info: TestInfo, box = page.locator('[role=dialog], [role=alertdialog], [role=menu]').last()): Promise<void> {
  await expect(box).toBeVisible()
  await seen(page, name, info)
  const place = (await box.boundingBox())!
  const size = page.viewportSize()!
  expect(place.x, `${name} begins left of the screen`).toBeGreaterThanOrEqual(-1)
  expect(place.x + place.width, `${name} ends right of the screen`).toBeLessThanOrEqual(size.width + 1)
  expect(place.y, `${name} begins above the screen`).toBeGreaterThanOrEqual(-1)
  expect(place.y + place.height, `${name} ends below the screen`).toBeLessThanOrEqual(size.height + 1)
}

test('the shell: commands, keys, the person’s menu @looks', async ({ open, page }, info) => {
  await open('/inbox')
  await expect(page.locator('[data-row]').first()).toBeVisible()
  await page.keyboard.press('Control+k')
  await look(page, 'palette', info)
  await page.getByRole('dialog').locator('input').fill('cake')
  await expect(page.getByRole('dialog').locator('mark').first()).toBeVisible()
  await look(page, 'palette-found', info)
  await page.keyboard.press('Escape')
  await page.keyboard.press('?')
  await look(page, 'keys', info)
  await page.keyboard.press('Escape')
  await page.locator('header').first().getByRole('button').last().click()
  await look(page, 'person', info)
})

test('the list: filters and views @looks', async ({ open, page }, info) => {
  await open('/inbox')
  await expect(page.locator('[data-row]').first()).toBeVisible()
  const tools = page.locator('main section').first().locator('input[type=search]').locator('xpath=..').getByRole('button')
  await tools.nth(2).click()
  await look(page, 'filters', info)
  await page.keyboard.press('Escape')
  await tools.nth(1).click()
  await look(page, 'views', info)
  await page.getByRole('menuitem').last().click()
  await look(page, 'views-edit', info)
})

test('a thread: what the composer opens @looks', async ({ open, page }, info) => {
  await open()
  await openThread(page, 'Zawadi Hassan')
  const pane = page.locator('section[data-pane]').last()
  await expect(thread(page).locator('time').first()).toBeVisible()
  const buttons = pane.locator('button')
  await buttons.filter({ has: page.locator('.lucide-layout-template') }).click()
  await look(page, 'template-picker', info)
  await page.keyboard.press('Escape')
  await buttons.filter({ has: page.locator('.lucide-sliders-horizontal') }).click()
  await look(page, 'composer-settings', info)
  await page.keyboard.press('Escape')
  await buttons.filter({ has: page.locator('.lucide-plus') }).first().click()
  await look(page, 'composer-plus', info)
  await page.keyboard.press('Escape')
  await buttons.filter({ hasText: /.+/ }).nth(1).click()
  await expect(pane).toHaveClass(/bg-note/)
  await seen(page, 'note', info)
})

for (const [key, name] of [['a', 'assign'], ['l', 'label'], ['p', 'priority'], ['z', 'snooze']] as const) {
  test(`a conversation: ${name} @looks`, async ({ open, page }, info) => {
    test.skip(isPhone(page), 'a phone has no keys; its menus stand in the details')
    await open()
    await openThread(page, 'Zawadi Hassan')
    await expect(thread(page).locator('time').first()).toBeVisible()
    await page.keyboard.press(key)
    await look(page, name, info, page.locator('[role=menu], [role=dialog], [role=listbox]').last())
  })
}

for (const [name, path, press] of [
  ['snippet-new', '/settings/snippets', /.*/], ['member-new', '/settings/members', /.*/], ['token-new', '/settings/tokens', /.*/],
] as const) {
  test(`settings: ${name} @looks`, async ({ open, page }, info) => {
    await open(path)
    await expect(page.locator('main h1')).toBeVisible()
    await page.locator('main button').filter({ hasText: press }).first().click()
    await look(page, name, info)
  })
}

test('templates: a new one, one with its history and figures @looks', async ({ open, page }, info) => {
  await open('/templates')
  const list = page.getByTestId('templates')
  await expect(list.getByRole('link').first()).toBeVisible()
  await page.locator('main button').filter({ has: page.locator('.lucide-plus') }).click()
  await look(page, 'template-new', info)
  await page.keyboard.press('Escape')
  await list.getByRole('link', { name: 'cake_order_confirmed' }).click()
  const tabs = page.getByRole('tab')
  await expect(tabs.first()).toBeVisible()
  for (const [index, tab] of ['content', 'history', 'figures'].entries()) {
    await tabs.nth(index).click()
    await expect(page.locator('main .animate-pulse')).toHaveCount(0)
    await seen(page, `template-${tab}`, info)
  }
})
