import { afterEach, expect, it, vi } from 'vitest'
import { sentHere } from '@/features/inbox/sent'
import { enqueue, outbox, startOutbox, stopOutbox } from '@/lib/outbox'

vi.mock('idb-keyval', () => ({ createStore: () => ({}), set: async () => undefined, del: async () => undefined, entries: async () => [] }))
afterEach(() => {
  stopOutbox()
  vi.unstubAllGlobals()
})

it('knows what went out from this page, also before its answer has come', async () => {
  let answer = (): void => undefined
  const asked = new Promise<void>((resolve) => (answer = resolve))
  vi.stubGlobal('fetch', async () => {
    await asked
    return Response.json({ id: 'ms_here' }, { status: 202 })
  })
  await startOutbox('w:sent')
  expect(sentHere('cv_1', 'ms_here')).toBe(false)
  enqueue('cv_1', { kind: 'message', body: { type: 'text', text: { body: 'Hi' } } })
  await vi.waitFor(() => expect([...outbox.values()][0]?.state).toBe('sending'))
  expect(sentHere('cv_1', 'ms_here')).toBe(true)
  expect(sentHere('cv_2', 'ms_here')).toBe(false)
  answer()
  await vi.waitFor(() => expect(outbox.size).toBe(0))
  expect(sentHere('cv_1', 'ms_here')).toBe(true)
  // Sent from the phone: news here.
  expect(sentHere('cv_1', 'ms_elsewhere')).toBe(false)
})
