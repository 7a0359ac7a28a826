import { axe, expect, isPage, test } from './support'

/** The owner's pages in every look: axe, console and policy clean, one heading, and a picture to look at. */
const shots = process.env.E2E_SHOTS
const PAGES = [
  ['home', '/home'],
  ['settings', '/settings'],
  ['settings-none', '/settings?q=zzqx'],
  ['channels', '/settings/channels'],
  ['hours', '/settings/hours'],
  ['channel-new', '/settings/channels/new'],
  ['channel-whatsapp', '/settings/channels/new?provider=whatsapp_cloud'],
  ['members', '/settings/members'],
  ['tokens', '/settings/tokens'],
  ['backups', '/settings/backups'],
  ['alert-settings', '/settings/alerts'],
  ['notices', '/settings/notices'],
  ['system', '/system'],
  ['system-sending', '/system/sending'],
  ['system-events', '/system/events'],
  ['system-actors', '/system/actors'],
  ['system-logs', '/system/logs'],
  ['account', '/account'],
  ['phone', '/phone'],
] as const

for (const [name, path] of PAGES) {
  test(`${name} @looks`, async ({ open, page }, info) => {
    await open(path)
    await isPage(page)
    await expect(page.locator('main [role=alert]')).toHaveCount(0)
    await expect(page.locator('main [role=status] .animate-pulse')).toHaveCount(0)
    await axe(page)
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
    expect(wide, 'scrolls sideways').toBeLessThanOrEqual(1)
    if (shots) await page.screenshot({ path: `${shots}/${name}-${info.project.name}.png` })
  })
}

test('a channel, its test and its dialogs @looks', async ({ open, page }, info) => {
  await open('/settings/channels')
  await page.locator('main li a').first().click()
  await expect(page).toHaveURL(/settings\/channels\/./)
  await axe(page)
  await page.locator('main section').last().getByRole('button').click()
  await expect(page.getByRole('alertdialog')).toBeVisible()
  await axe(page)
  if (shots) await page.screenshot({ path: `${shots}/channel-remove-${info.project.name}.png` })
})

test('a customer\'s phone @looks', async ({ open, page }, info) => {
  await open('/phone')
  await page.locator('main ul a').first().click()
  await expect(page.getByRole('log')).toBeVisible()
  await axe(page)
  if (shots) await page.screenshot({ path: `${shots}/phone-chat-${info.project.name}.png` })
})

for (const [name, path, route] of [
  ['the settings of a channel list', '/settings/channels', '**/api/v1/channels?*'],
  ['the system page', '/system', '**/api/v1/system'],
  ['the backups', '/settings/backups', '**/api/v1/backups?*'],
] as const) {
  test(`${name} tell an error and can be retried @looks`, async ({ open, page, rules }) => {
    rules.expected.push(/500/)
    await page.route(route, (each) =>
      each.fulfill({
        status: 500, contentType: 'application/problem+json', body: JSON.stringify({ title: 'x', status: 500, code: 'internal', detail: 'The store is not open.', trace_id: 'abc123' }),
      }),
    )
    await open(path)
    const alert = page.getByRole('alert').filter({ hasText: 'abc123' })
    await expect(alert).toBeVisible()
    await axe(page)
    await page.unroute(route)
    await alert.getByRole('button').click()
    await expect(alert).toHaveCount(0)
  })
}
