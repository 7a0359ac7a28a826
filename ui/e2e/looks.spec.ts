import { composer, conversations, expect, isPage, look, looks as test, oneToAnswer, test as alone, thread } from './support'

/** Every page of the inbox in every look, light and dark: axe, console and policy clean, and a picture to look at. */
for (const [name, path] of [
  ['inbox', '/inbox'],
  ['inbox-empty', '/inbox?label=no-such-label'],
  ['inbox-waiting', '/inbox?sort=waiting&unread=1'],
  ['inbox-mentions', '/inbox?view=mentions'],
  ['search', '/search?q=order'],
  ['search-none', '/search?q=zzqxzzqx'],
  ['search-start', '/search'],
] as const) {
  test(`${name} @looks`, async ({ open, page }, info) => {
    await open(path)
    await isPage(page)
    await look(page, name, info)
  })
}

test('not-found @looks', async ({ open, page }, info) => {
  await open('/no/such/page')
  await expect(page.locator('main h1')).toHaveCount(1)
  await look(page, 'not-found', info)
})

alone('login @looks', async ({ page, rules }, info) => {
  void rules
  await page.goto('/login')
  await expect(page.locator('input[name=email]')).toBeVisible()
  await look(page, 'login', info)
})

test('a thread and its details @looks', async ({ open, page }, info) => {
  await open()
  const { id } = await oneToAnswer(page)
  await page.goto(`/inbox/${id}`)
  await expect(composer(page)).toBeVisible()
  await expect(thread(page).locator('time').first()).toBeVisible()
  await look(page, 'thread', info)
  await page.goto(`/inbox/${id}?details=1`)
  await expect(page.locator('aside')).toBeVisible()
  await look(page, 'details', info)
})

test('outside the reply window it says what can be done @looks', async ({ open, page }, info) => {
  await open()
  // On a channel that takes templates: an Instagram channel may give people a week more.
  const { items } = (await (await page.request.get('/api/v1/channels')).json()) as { items: { id: string; capabilities: { manages_templates: boolean } }[] }
  const templated = new Set(items.filter((each) => each.capabilities.manages_templates).map((each) => each.id))
  const shut = (await conversations(page, 'limit=100')).find((each) => !each.window.open && templated.has(each.channel_id))
  test.skip(!shut, 'the demo has no conversation outside its window')
  await page.goto(`/inbox/${shut!.id}`)
  await expect(page.locator('[role=note]').last()).toBeVisible()
  await look(page, 'window-shut', info)
})

test('an error says what failed and can be retried @looks', async ({ open, page, rules }, info) => {
  rules.expected.push(/500/)
  await page.route('**/api/v1/conversations?*', (route) => route.fulfill({
    status: 500, contentType: 'application/problem+json', body: JSON.stringify({ title: 'x', status: 500, code: 'internal', detail: 'The store is not open.', trace_id: 'abc123' }),
  }))
  await open('/inbox')
  await expect(page.getByRole('alert')).toContainText('abc123')
  await look(page, 'inbox-error', info)
  await page.unroute('**/api/v1/conversations?*')
  // A press may join a question that was asked just before and still fails.
  await expect(async () => {
    if (await page.getByRole('alert').isVisible()) await page.getByRole('alert').getByRole('button').click({ timeout: 1000 })
    await expect(page.locator('[data-row]').first()).toBeVisible({ timeout: 2000 })
  }).toPass()
})

alone('on a phone: list, thread and details are screens @phone', async ({ open, page }) => {
  await open('/inbox')
  await page.locator('[data-row]').first().click()
  await expect(composer(page)).toBeVisible()
  await expect(page.locator('[data-row]').first()).toBeHidden()
  await page.locator('main header button').nth(1).click()
  await expect(page.locator('aside')).toBeVisible()
  await page.goBack()
  await expect(composer(page)).toBeVisible()
  await page.locator('main header button').first().click()
  await expect(page.locator('[data-row]').first()).toBeVisible()
})
