import { axe, composer, conversations, customer, draftHere, expect, labelled, OFFLINE, OWNER, signIn, test, thread, unique } from './support'

test('signs in, says what is wrong, and comes back to the page that was asked for', async ({ page, rules }) => {
  rules.expected.push(/401/)
  await page.goto('/inbox?status=resolved')
  await page.getByLabel('E-mail').fill(OWNER.email)
  await page.getByLabel('Password', { exact: true }).fill('not the password')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await expect(page.getByRole('alert')).toContainText('wrong')
  await page.getByLabel('Password', { exact: true }).fill(OWNER.password)
  await page.keyboard.press('Enter')
  await expect(page).toHaveURL(/\/inbox\?status=resolved/)
})

test('sends a reply at once and follows it to "read"', async ({ open, page }) => {
  await open()
  const { id } = await customer(page)
  await page.goto(`/inbox/${id}`)
  const text = unique('Your order is ready')
  // At once: before the server knows of it.
  let letGo = (): void => undefined
  const shown = new Promise<void>((resolve) => (letGo = resolve))
  await page.route(`**/api/v1/conversations/${id}/messages`, async (route) => {
    if (route.request().method() === 'POST') await shown
    await route.continue()
  })
  const sent = page.waitForRequest((request) => request.method() === 'POST' && request.url().endsWith(`/conversations/${id}/messages`))
  await composer(page).fill(text)
  await page.keyboard.press('ControlOrMeta+Enter')
  await sent
  await expect(thread(page).getByText(text)).toBeVisible()
  await expect(composer(page)).toHaveValue('')
  letGo()
  const row = page.getByRole('listitem').filter({ hasText: text }).last()
  await expect(row).toContainText('Read', { timeout: 20_000 })
  await expect(thread(page).getByText(text)).toHaveCount(1)
})

test('keeps a draft through a crash and brings it to another device', async ({ open, page, browser, url }) => {
  await open()
  const { id } = await customer(page)
  await page.goto(`/inbox/${id}`)
  const text = unique('half a thought')
  await composer(page).pressSequentially(text)
  await expect.poll(() => draftHere(page, id)).toContain(text)
  await page.close({ runBeforeUnload: false })
  const again = await open(`/inbox/${id}`, await page.context().newPage())
  await expect(composer(again)).toHaveValue(text)

  const saved = async (): Promise<string> => ((await (await again.request.get(`/api/v1/conversations/${id}/draft`)).json()) as { reply: string }).reply
  await expect.poll(saved).toBe(text)
  const device = await browser.newContext({ baseURL: url })
  await signIn(device, url)
  const other = await device.newPage()
  await other.goto(`/inbox/${id}`)
  await expect(composer(other)).toHaveValue(text)
  await device.close()
  await composer(again).fill('')
  await expect.poll(saved).toBe('')
})

test('a quote, a file and what is being built come along to another device, and leave when they are sent', async ({ open, page, browser, url }) => {
  await open()
  const { id, say } = await customer(page)
  const text = unique('Is this still there?')
  await say(text)
  await page.goto(`/inbox/${id}`)
  const question = thread(page).getByRole('listitem').filter({ hasText: text })
  await question.hover()
  await question.getByRole('button', { name: 'Message actions' }).click()
  await page.getByRole('menuitem', { name: 'Reply', exact: true }).click()
  await page.locator('section[data-pane] input[type=file]').setInputFiles({ name: 'menu.txt', mimeType: 'text/plain', buffer: Buffer.from('rolls 30') })
  await page.getByRole('button', { name: 'Add to the message' }).click()
  await page.getByRole('menuitem', { name: 'Reply buttons', exact: true }).click()
  await page.getByRole('dialog').getByLabel('Text', { exact: true }).fill('Half a question')
  await page.keyboard.press('Escape')
  const saved = async (): Promise<string> => JSON.stringify(((await (await page.request.get(`/api/v1/conversations/${id}/draft`)).json()) as { extras: unknown }).extras)
  const whole = async (): Promise<boolean> => [/Half a question/, /menu\.txt/, /"quote":[{"]/].every((part) => part.test(kept))
  let kept = ''
  await expect.poll(async () => ((kept = await saved()), whole())).toBe(true)

  const device = await browser.newContext({ baseURL: url })
  await signIn(device, url)
  const other = await device.newPage()
  await other.goto(`/inbox/${id}`)
  const pane = other.locator('section[data-pane]').last()
  await expect(pane.getByText('menu.txt')).toBeVisible()
  await expect(pane.getByText(text)).toBeVisible()
  await expect(pane.getByRole('button', { name: /continue|resume/i })).toBeVisible()
  await composer(other).fill(unique('Here it is'))
  await other.getByRole('button', { name: 'Send', exact: true }).click()
  await expect.poll(saved).not.toContain('menu.txt')
  await device.close()
})

test('reads and writes offline and sends when the connection is back, once', async ({ open, page, context, rules }) => {
  rules.expected.push(OFFLINE)
  await open()
  const { id } = await customer(page)
  await page.goto(`/inbox/${id}`)
  await expect(composer(page)).toBeVisible()
  // What was never loaded cannot be read offline: the thread stands before the connection goes.
  await expect(thread(page).locator('time').first()).toBeVisible()
  await context.setOffline(true)
  await expect(page.getByText('You are offline', { exact: false })).toBeVisible({ timeout: 15_000 })
  const text = unique('written on the train')
  await composer(page).fill(text)
  await page.keyboard.press('ControlOrMeta+Enter')
  await expect(thread(page).getByText(text)).toBeVisible()
  await expect(page.getByText('Waiting for the connection')).toBeVisible()
  await axe(page)
  await context.setOffline(false)
  await expect(page.getByText('Waiting for the connection')).toBeHidden({ timeout: 25_000 })
  await expect(thread(page).getByText(text)).toHaveCount(1)
  const stored = (await (await page.request.get(`/api/v1/conversations/${id}/messages?limit=20`)).json()) as { items: { text?: { body: string } }[] }
  expect(stored.items.filter((each) => each.text?.body === text)).toHaveLength(1)
})

test('does everything in the shortcut table', async ({ open, page }) => {
  await open()
  const label = await labelled(page, [(await customer(page)).id, (await customer(page)).id, (await customer(page)).id])
  await page.goto(`/inbox?label=${label}`)
  const focusedRow = (): Promise<string | undefined> => page.evaluate(() => (document.activeElement as HTMLElement).dataset.row)
  await expect(page.locator('[data-row]')).toHaveCount(3)
  await page.keyboard.press('j')
  await expect.poll(focusedRow).toBeTruthy()
  const first = await focusedRow()
  await page.keyboard.press('ArrowDown')
  await expect.poll(focusedRow).not.toBe(first)
  await page.keyboard.press('k')
  await expect.poll(focusedRow).toBe(first)
  await page.keyboard.press('Enter')
  await expect(page).toHaveURL(new RegExp(`/inbox/${first}`))

  for (const [key, name] of [['l', 'Labels'], ['z', 'Snooze']] as const) {
    await page.keyboard.press(key)
    await expect(page.getByRole('dialog', { name })).toBeVisible()
    await page.keyboard.press('Escape')
    await expect(page.getByRole('dialog')).toBeHidden()
  }
  for (const key of ['a', 'p']) {
    await page.keyboard.press(key)
    await expect(page.getByRole('menu')).toBeVisible()
    await page.keyboard.press('Escape')
    await expect(page.getByRole('menu')).toBeHidden()
  }
  await page.keyboard.press('?')
  await expect(page.getByRole('dialog', { name: 'Keyboard shortcuts' })).toBeVisible()
  await axe(page)
  await page.keyboard.press('Escape')
  await page.keyboard.press('n')
  await expect(page.getByRole('textbox', { name: 'Note for your team' })).toBeFocused()
  await page.keyboard.press('Escape')
  await page.keyboard.press('r')
  await expect(page.getByRole('textbox', { name: /^Reply to/ })).toBeFocused()
  await page.keyboard.press('Escape')
  await page.keyboard.press('ControlOrMeta+k')
  await expect(page.getByRole('dialog', { name: 'Search or run a command' })).toBeVisible()
  await page.keyboard.press('Escape')
  await page.keyboard.press('/')
  await expect(page.getByRole('dialog', { name: 'Search or run a command' })).toBeVisible()
  await page.keyboard.press('Escape')
  await page.keyboard.press('x')
  await expect(page.getByRole('toolbar', { name: 'Selected conversations' })).toContainText('1 selected')
  await page.keyboard.press('ControlOrMeta+a')
  await expect(page.getByRole('toolbar', { name: 'Selected conversations' })).not.toContainText(/(?<!\d)1 selected/)
  await axe(page)
  await page.keyboard.press('Escape')
  await expect(page.getByRole('toolbar')).toBeHidden()
  await page.keyboard.press('g')
  await page.keyboard.press('i')
  await expect(page).toHaveURL(/\/inbox$/)
})

test('resolves with an undo, assigns, and marks unread until it is opened again', async ({ open, page }) => {
  await open()
  const { id } = await customer(page)
  const state = async () => (await (await page.request.get(`/api/v1/conversations/${id}`)).json()) as { status: string; unread: number; assignee: { id: string } | null }
  await page.goto(`/inbox/${id}`)
  await expect(composer(page)).toBeVisible()
  await page.keyboard.press('e')
  await expect.poll(async () => (await state()).status).toBe('resolved')
  // What the pointer rests on stays; left alone it goes after eight seconds, and the key with it.
  await page.getByRole('button', { name: 'Undo' }).hover()
  await axe(page)
  await page.keyboard.press('ControlOrMeta+z')
  await expect.poll(async () => (await state()).status).toBe('open')
  await page.keyboard.press('i')
  await expect.poll(async () => (await state()).assignee).not.toBeNull()
  await expect.poll(async () => (await state()).unread).toBe(0)
  await page.keyboard.press('u')
  await expect.poll(async () => (await state()).unread).toBeGreaterThan(0)
  await page.waitForTimeout(1500)
  expect((await state()).unread).toBeGreaterThan(0)
})

test('keeps notes apart from replies', async ({ open, page }) => {
  await open()
  const { id } = await customer(page)
  await page.goto(`/inbox/${id}`)
  await composer(page).fill('a reply in the making')
  await page.getByRole('button', { name: 'Note', exact: true }).click()
  const text = unique('for the team only')
  await composer(page).fill(text)
  await page.keyboard.press('ControlOrMeta+Enter')
  await expect(page.getByRole('listitem').filter({ hasText: text }).last()).toContainText('Note')
  await expect(composer(page)).toHaveValue('a reply in the making')
  await composer(page).fill('')
})

test('prepends older messages without moving what is read', async ({ open, page }) => {
  await open()
  const someone = await customer(page, 'The first of many')
  for (let n = 2; n <= 70; n += 1) await someone.say(`Number ${n}`)
  // A thread opens at what is new; once all is read, at its end.
  const last = async () => (await conversations(page)).find((each) => each.id === someone.id)
  await expect.poll(async () => (await last())?.unread).toBe(70)
  expect((await page.request.post(`/api/v1/conversations/${someone.id}/read`, { headers: { 'X-Frontdesk': '1' } })).ok()).toBe(true)
  await page.route('**/messages?*cursor*', async (route) => {
    await new Promise((resolve) => setTimeout(resolve, 1500))
    await route.continue()
  })
  await page.goto(`/inbox/${someone.id}`)
  await expect(thread(page).getByText('Number 70', { exact: true })).toBeVisible()
  // Until every row has been measured and the end is reached.
  await thread(page).evaluate(async (list) => {
    const end = performance.now() + 10_000
    let [place, since] = ['', performance.now()]
    while (performance.now() < Math.min(end, since + 500)) {
      await new Promise(requestAnimationFrame)
      const now = `${list.scrollTop} of ${list.scrollHeight}`
      if (now !== place) [place, since] = [now, performance.now()]
    }
  })
  const moved = await thread(page).evaluate(async (list) => {
    list.scrollTop = 150
    await new Promise((resolve) => setTimeout(resolve, 500))
    const top = list.getBoundingClientRect().top
    const anchor = [...list.querySelectorAll('[role="listitem"]')].find((row) => row.getBoundingClientRect().top > top + 100)!
    const [before, place] = [anchor.getBoundingClientRect().top, anchor.getAttribute('aria-posinset')]
    let [most, grew] = [0, false]
    // Until the older ones have come, and a while after that.
    let end = performance.now() + 10_000
    while (performance.now() < end) {
      await new Promise(requestAnimationFrame)
      if (anchor.isConnected) most = Math.max(most, Math.abs(anchor.getBoundingClientRect().top - before))
      if (grew || anchor.getAttribute('aria-posinset') === place) continue
      grew = true
      end = performance.now() + 700
    }
    return { most, grew }
  })
  expect(moved).toEqual({ most: 0, grew: true })
})

test('shows pasted hostile text as text', async ({ open, page }) => {
  await open()
  const { id } = await customer(page)
  await page.goto(`/inbox/${id}`)
  const text = unique('<img src=x onerror="document.title=1"> \u202Eevil <script>1</script> {{x}}')
  await composer(page).fill(text)
  await page.keyboard.press('ControlOrMeta+Enter')
  await expect(thread(page).getByText('<img src=x onerror=', { exact: false }).last()).toBeVisible()
  expect(await thread(page).locator('img, script').count()).toBe(0)
  // Ten megabytes from the clipboard are refused by name; what stood there stays.
  await composer(page).fill('before ')
  const refused = await composer(page).evaluate((area) => {
    const clipboardData = new DataTransfer()
    clipboardData.setData('text/plain', 'z'.repeat(10_000_000))
    return !area.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }))
  })
  expect(refused).toBe(true)
  await expect(page.getByText('has 10,000,000 characters and was not put in')).toBeVisible()
  await expect(composer(page)).toHaveValue('before ')
  // Emoji by name.
  await composer(page).pressSequentially(':birthday')
  await expect(page.getByRole('listbox', { name: 'Emoji' }).getByRole('option').first()).toBeVisible()
  await page.keyboard.press('Enter')
  await expect(composer(page)).toHaveValue(/^before 🎂/)
  await composer(page).fill('x'.repeat(5000))
  await expect(page.getByRole('alert').filter({ hasText: 'too long' })).toBeVisible()
  await expect(page.getByRole('button', { name: 'Send', exact: true })).toBeDisabled()
  await composer(page).fill('')
})

test('two contacts that are one person are shown with each other, and can be parted', async ({ open, page }) => {
  await open()
  const [one, other] = [await customer(page), await customer(page)]
  const brief = { id: 'ct_1', name: 'Formerly Amina', profile_name: '', identities: [], conversations: [other.id], created_at: '2026-11-01T10:00:00Z', version: 1 }
  let merged = true
  // A change of number is a webhook; what the server makes of it is tested with the API.
  await page.route('**/api/v1/contacts/*/merges', (route) =>
    route.fulfill({ json: { items: merged ? [{ contact: brief, took_over: true, identities: [], at: '2026-11-20T10:00:00Z' }] : [], next_cursor: null } }),
  )
  await page.route('**/api/v1/contacts/*/unmerge', async (route) => {
    expect(route.request().postDataJSON()).toEqual({ contact_id: 'ct_1' })
    merged = false
    await route.fulfill({ status: 204 })
  })
  await page.goto(`/inbox/${one.id}`)
  const section = page.locator('section').filter({ hasText: 'The same person' })
  await expect(section).toContainText('Formerly Amina')
  await axe(page)
  await section.getByRole('link', { name: 'Earlier conversation' }).click()
  await expect(page).toHaveURL(new RegExp(other.id))
  await section.getByRole('button', { name: 'Not the same person' }).click()
  await page.getByRole('alertdialog').getByRole('button', { name: 'Not the same person' }).click()
  await expect(page.getByText('The contacts are apart again')).toBeVisible()
  await expect(section).not.toContainText('Formerly Amina')
})

test('two contacts are merged by hand, with the keyboard, and taken apart again', async ({ open, page }) => {
  await open('/inbox')
  const [one, other] = [await customer(page), await customer(page)]
  await page.goto(`/inbox/${one.id}`)
  const section = page.locator('section').filter({ hasText: 'The same person' })
  await section.getByRole('button', { name: 'Merge with another contact…' }).press('Enter')
  const dialog = page.getByRole('dialog', { name: 'Merge contacts' })
  await dialog.getByLabel('Name or number').fill(other.name)
  await expect(dialog.getByRole('button', { name: other.name })).toBeVisible()
  await axe(page)
  await dialog.getByRole('button', { name: other.name }).press('Enter')
  await dialog.getByRole('radio', { name: other.name }).check()
  await expect(dialog).toContainText(`The contact is called ${other.name}.`)
  await dialog.getByRole('radio', { name: one.name }).check()
  await expect(dialog).toContainText(`What ${other.name} writes from now on arrives with ${one.name}.`)
  await axe(page)
  await dialog.getByRole('button', { name: 'Merge', exact: true }).press('Enter')
  await expect(dialog).toBeHidden()
  await expect(section).toContainText(other.name)
  await expect(section).toContainText('by Asha Wanjiru')
  await page.getByRole('button', { name: 'Undo' }).click()
  await expect(section).not.toContainText(other.name)
})
