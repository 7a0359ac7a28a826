import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { bulk } from '@/features/inbox/actions'
import { changeEverything, everything, job } from '@/features/inbox/all'
import { fromQuery } from '@/features/inbox/filters'
import { cursor, selection, stickyUnread } from '@/features/inbox/state'
import { giveUpSession } from '@/app/session'
import { toast } from '@/ui'

const running = { id: 'j1', state: 'running', total: 9, done: 1, changed: 1, skipped: 0, failed: 0, failures: [] }
let answers: (() => Response)[] = []
let asked = 0
const error = vi.spyOn(toast, 'error').mockImplementation(() => undefined)

beforeEach(() => {
  vi.useFakeTimers()
  error.mockClear()
  asked = 0
  job.value = null
  vi.stubGlobal('fetch', async (request: Request) => {
    if (request.method === 'POST') return Response.json(running, { status: 202 })
    asked += 1
    return (answers.shift() ?? (() => Response.json(running)))()
  })
  everything.value = { filters: fromQuery({}), count: 9, exact: true }
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})
const status = (code: number) => (): Response => Response.json({ status: code, code: 'x', title: 'x', detail: 'x' }, { status: code })
const lost = (): Response => {
  throw new TypeError('network')
}

it('follows a change over a lost connection and a server that starts anew', async () => {
  answers = [lost, status(503), () => Response.json({ ...running, done: 9, state: 'done' })]
  void changeEverything({ status: 'resolved' })
  await vi.advanceTimersByTimeAsync(2000)
  expect([job.value?.state, asked, error.mock.calls.length]).toEqual(['done', 3, 0])
})
it.each([401, 404])('asks no further after %i, and says so', async (code) => {
  answers = [status(code)]
  void changeEverything({ status: 'resolved' })
  await vi.advanceTimersByTimeAsync(5000)
  expect([job.value, asked]).toEqual([null, 1])
  expect(error).toHaveBeenCalledOnce()
})
it('nothing that one person chose or began is left for the next', async () => {
  void changeEverything({ status: 'resolved' })
  await vi.advanceTimersByTimeAsync(100)
  everything.value = { filters: fromQuery({}), count: 9, exact: true }
  bulk.run = { total: 2, done: 0, failed: [], pending: new Set(['a', 'b']) }
  selection.value = stickyUnread.value = new Set(['a'])
  cursor.value = 'a'
  await giveUpSession()
  expect([everything.value, job.value, bulk.run, selection.value.size, stickyUnread.value.size, cursor.value]).toEqual([null, null, null, 0, 0, null])
  await vi.advanceTimersByTimeAsync(5000)
  expect([asked, error.mock.calls.length]).toEqual([0, 0])
})
