import { expect, isPage, look, looks as test } from './support'

/** The owner's pages in every look, light and dark: axe, console and policy clean, one heading, and a picture to look at. */
const PAGES = [
  ['home', '/home'],
  ['settings', '/settings'],
  ['settings-none', '/settings?q=zzqx'],
  ['channels', '/settings/channels'],
  ['hours', '/settings/hours'],
  ['snippets', '/settings/snippets'],
  ['channel-new', '/settings/channels/new'],
  ['channel-whatsapp', '/settings/channels/new?provider=whatsapp_cloud'],
  ['channel-instagram', '/settings/channels/new?provider=instagram'],
  ['channel-twilio', '/settings/channels/new?provider=twilio_sms'],
  ['channel-360dialog', '/settings/channels/new?provider=dialog360'],
  ['members', '/settings/members'],
  ['tokens', '/settings/tokens'],
  ['backups', '/settings/backups'],
  ['media-settings', '/settings/media'],
  ['alert-settings', '/settings/alerts'],
  ['notices', '/settings/notices'],
  ['usage', '/settings/usage'],
  ['consent', '/settings/consent'],
  ['system', '/system'],
  ['system-sending', '/system/sending'],
  ['system-events', '/system/events'],
  ['system-actors', '/system/actors'],
  ['system-logs', '/system/logs'],
  ['account', '/account'],
  ['phone', '/phone'],
  ['phone-instagram', '/phone/instagram'],
  ['templates', '/templates'],
  ['templates-none', '/templates?q=zzqx'],
  ['library', '/templates/library'],
] as const

for (const [name, path] of PAGES) {
  test(`${name} @looks`, async ({ open, page }, info) => {
    await open(path)
    await isPage(page)
    await expect(page.locator('main [role=alert]')).toHaveCount(0)
    await look(page, name, info)
  })
}

test('a login at Meta that did not come back as it left @looks', async ({ open, page, rules }, info) => {
  rules.expected.push(/status of 4(09|22)/)
  await open('/settings/channels/connect')
  await isPage(page)
  await expect(page.getByRole('alert')).toBeVisible()
  await look(page, 'channel-connect', info)
})

test('a channel, its test and its dialogs @looks', async ({ open, page }, info) => {
  await open('/settings/channels')
  await page.locator('main li a').first().click()
  await expect(page).toHaveURL(/settings\/channels\/./)
  await look(page, 'channel', info)
  await page.locator('main section').last().getByRole('button').click()
  await expect(page.getByRole('alertdialog')).toBeVisible()
  await look(page, 'channel-remove', info)
})

test('a customer\'s phone @looks', async ({ open, page }, info) => {
  await open('/phone')
  await page.locator('main ul a').first().click()
  await expect(page.getByRole('log')).toBeVisible()
  await look(page, 'phone-chat', info)
})

const REFUSED = { status: 500, contentType: 'application/problem+json', body: JSON.stringify({ title: 'x', status: 500, code: 'internal', detail: 'The store is not open.', trace_id: 'abc123' }) }
for (const [name, path, route] of [
  ['channels', '/settings/channels', '**/api/v1/channels?*'],
  ['system', '/system', '**/api/v1/system'],
  ['backups', '/settings/backups', '**/api/v1/backups?*'],
  ['templates', '/templates', '**/api/v1/templates?*'],
] as const) {
  test(`${name}: an error is told and can be retried @looks`, async ({ open, page, rules }, info) => {
    rules.expected.push(/500/)
    await page.route(route, (each) => each.fulfill(REFUSED))
    await open(path)
    const alert = page.getByRole('alert').filter({ hasText: 'abc123' })
    await expect(alert).toBeVisible()
    await look(page, `${name}-error`, info)
    await page.unroute(route)
    // A page that asks by itself may be ahead of the press, and a press may join a question that was asked just before.
    await expect(async () => {
      if (await alert.isVisible()) await alert.getByRole('button').click({ timeout: 1000 })
      await expect(alert).toHaveCount(0, { timeout: 2000 })
    }).toPass()
  })
}
