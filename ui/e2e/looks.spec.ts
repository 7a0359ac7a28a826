import { axe, composer, conversations, expect, oneToAnswer, test } from './support'

/** Every page of the inbox in every look: axe, console and policy clean, and a picture to look at. */
const shots = process.env.E2E_SHOTS
for (const [name, path] of [
  ['inbox', '/inbox'],
  ['inbox-empty', '/inbox?label=no-such-label'],
  ['search', '/search?q=order'],
  ['search-start', '/search'],
  ['not-found', '/no/such/page'],
] as const) {
  test(`${name} @looks`, async ({ open, page }, info) => {
    await open(path)
    await expect(page.locator('main h1')).toHaveCount(1)
    await page.waitForLoadState('networkidle').catch(() => undefined)
    await axe(page)
    if (shots) await page.screenshot({ path: `${shots}/${name}-${info.project.name}.png` })
  })
}

test('login @looks', async ({ page, rules }, info) => {
  void rules
  await page.goto('/login')
  await expect(page.locator('input[name=email]')).toBeVisible()
  await axe(page)
  if (shots) await page.screenshot({ path: `${shots}/login-${info.project.name}.png` })
})

test('a thread and its details @looks', async ({ open, page }, info) => {
  await open('/inbox')
  const { id } = await oneToAnswer(page)
  await page.goto(`/inbox/${id}`)
  await expect(composer(page)).toBeVisible()
  await page.waitForTimeout(800)
  await axe(page)
  if (shots) await page.screenshot({ path: `${shots}/thread-${info.project.name}.png` })
  await page.goto(`/inbox/${id}?details=1`)
  await expect(page.locator('aside')).toBeVisible()
  await axe(page)
  if (shots) await page.screenshot({ path: `${shots}/details-${info.project.name}.png` })
})

test('outside the reply window it says what can be done @looks', async ({ open, page }) => {
  await open('/inbox')
  const shut = (await conversations(page, 'limit=100')).find((each) => !each.window.open)
  test.skip(!shut, 'the demo has no conversation outside its window')
  await page.goto(`/inbox/${shut!.id}`)
  await expect(page.locator('[role=note]').last()).toBeVisible()
  await axe(page)
})

test('an error says what failed and can be retried @looks', async ({ open, page, rules }) => {
  rules.expected.push(/500/)
  await page.route('**/api/v1/conversations?*', (route) => route.fulfill({
    status: 500, contentType: 'application/problem+json', body: JSON.stringify({ title: 'x', status: 500, code: 'internal', detail: 'The store is not open.', trace_id: 'abc123' }),
  }))
  await open('/inbox')
  await expect(page.getByRole('alert')).toContainText('abc123')
  await axe(page)
  await page.unroute('**/api/v1/conversations?*')
  await page.getByRole('alert').getByRole('button').click()
  await expect(page.locator('[data-row]').first()).toBeVisible()
})

test('on a phone: list, thread and details are screens @phone', async ({ open, page }) => {
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
