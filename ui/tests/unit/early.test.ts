import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { queryClient } from '@/app/query'
import { FIRST } from '@/boot'
import { fromQuery } from '@/features/inbox/filters'
import { prefetchConversations } from '@/features/inbox/queries'
import { api, ok } from '@/lib/api'

const json = (body: unknown): Response => new Response(JSON.stringify(body), { headers: { 'Content-Type': 'application/json' } })
const path = (request: Request): string => request.url.slice(location.origin.length)
const network = vi.fn<(request: Request) => Promise<Response>>()

beforeEach(() => {
  queryClient.clear()
  network.mockReset().mockImplementation(() => Promise.resolve(json({ items: [], next_cursor: null })))
  vi.stubGlobal('fetch', network)
})
afterEach(() => {
  globalThis.frontdeskEarly = undefined
  vi.unstubAllGlobals()
})

test('what is asked for early is what the inbox asks for first', async () => {
  prefetchConversations(fromQuery({}))
  await ok(api.GET('/me'))
  expect(network.mock.calls.map(([request]) => path(request)).sort()).toEqual([...FIRST].sort())
})

test('an early answer serves once; what was not asked for, and the second time, go to the network', async () => {
  globalThis.frontdeskEarly = new Map([['/api/v1/me', Promise.resolve(json({ early: true }))]])
  expect(await ok(api.GET('/me'))).toEqual({ early: true })
  expect(network).not.toHaveBeenCalled()
  expect(await ok(api.GET('/me'))).not.toEqual({ early: true })
  expect(network).toHaveBeenCalledOnce()
})

test('an early question that the network lost is asked again', async () => {
  globalThis.frontdeskEarly = new Map([['/api/v1/me', Promise.reject(new TypeError('lost'))]])
  expect(await ok(api.GET('/me'))).toEqual({ items: [], next_cursor: null })
  expect(network).toHaveBeenCalledOnce()
})

test('an early answer that says the session is over ends it', async () => {
  globalThis.frontdeskEarly = new Map([['/api/v1/me', Promise.resolve(new Response('{}', { status: 401 }))]])
  await expect(ok(api.GET('/me'))).rejects.toMatchObject({ status: 401 })
})
