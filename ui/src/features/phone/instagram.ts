/** The Instagram app on the test phone: customers, chats and what one can do there. */
import { useQuery } from '@tanstack/vue-query'
import { computed, type Ref } from 'vue'
import { queryClient } from '@/app/query'
import { api, ok } from '@/lib/api'

const EVERY_MS = 2000
const pace = (query: { state: { error: unknown } }): number | false => (query.state.error ? false : EVERY_MS)
export const changed = (): Promise<void> => queryClient.invalidateQueries({ queryKey: ['sandbox', 'instagram'] })

/** Asked only once there is a channel of the sandbox: without one there is nothing to ask. */
export const usePeople = (enabled: Ref<boolean>) =>
  useQuery({
    queryKey: ['sandbox', 'instagram', 'people'],
    enabled,
    queryFn: ({ signal }) => ok(api.GET('/sandbox/instagram/customers', { params: { query: { limit: 100 } }, signal })),
    refetchInterval: pace,
  })
export const useInstagramChat = (id: Ref<string | null>) =>
  useQuery({
    queryKey: computed(() => ['sandbox', 'instagram', 'chat', id.value]),
    enabled: computed(() => id.value !== null),
    queryFn: async ({ signal }) => {
      const page = await ok(api.GET('/sandbox/instagram/customers/{person}/messages', { params: { path: { person: id.value! }, query: { limit: 100 } }, signal }))
      return [...page.items].reverse()
    },
    refetchInterval: pace,
  })
export const useOffer = (enabled: Ref<boolean>) => useQuery({ queryKey: ['sandbox', 'instagram', 'offer'], enabled, queryFn: ({ signal }) => ok(api.GET('/sandbox/instagram/offer', { signal })), refetchInterval: pace })

export type Action = Parameters<typeof postAction>[1]
const postAction = (person: string, body: { type: string; [more: string]: unknown }) =>
  ok(api.POST('/sandbox/instagram/customers/{person}/actions', { params: { path: { person } }, body: body as never }))
export async function act(person: string, body: { type: string; [more: string]: unknown }): Promise<void> {
  await postAction(person, body)
  await changed()
}
export async function addPerson(name: string, username: string): Promise<string> {
  const person = await ok(api.POST('/sandbox/instagram/customers', { body: { name, username, reads: false, unavailable: false } }))
  await changed()
  return person.id
}
/** A user name made of a name, as the app would suggest. */
export const usernameOf = (name: string): string =>
  name.normalize('NFKD').toLowerCase().replace(/[^a-z0-9]+/g, '.').replace(/^\.+|\.+$/g, '').slice(0, 24) || `guest.${Math.floor(Math.random() * 9000 + 1000)}`

type Button = { title: string; payload: string }
const list = (value: unknown): Record<string, unknown>[] => (Array.isArray(value) ? value : [])
/** Everything in a message of the business that can be tapped. */
export function buttonsOf(content: unknown): { quick: Button[]; asks: string[]; taps: Button[] } {
  const message = (content ?? {}) as { quick_replies?: unknown; attachment?: { payload?: { buttons?: unknown; elements?: unknown } } }
  const asButton = (each: Record<string, unknown>): Button => ({ title: String(each.title ?? ''), payload: String(each.payload ?? '') })
  const quick = list(message.quick_replies).filter((each) => each.content_type === 'text').map(asButton)
  const payload = message.attachment?.payload
  const all = [...list(payload?.buttons), ...list(payload?.elements).flatMap((element) => list(element.buttons))]
  return { quick, asks: list(message.quick_replies).map((each) => String(each.content_type)).filter((type) => type === 'user_phone_number' || type === 'user_email'), taps: all.filter((each) => each.type === 'postback').map(asButton) }
}
/** The message that this one answers, if it answers one. */
export const repliedTo = (content: unknown): string => String((content as { reply_to?: { mid?: unknown } } | null)?.reply_to?.mid ?? '')
export function textOf(content: unknown): string {
  const message = (content ?? {}) as { text?: unknown; attachment?: { payload?: { text?: unknown; elements?: { title?: unknown }[] } } }
  const payload = message.attachment?.payload
  return String(message.text ?? payload?.text ?? payload?.elements?.map((each) => each.title).join(' · ') ?? '')
}

/** What the customer's app knows of them, for replies that ask for it. */
export const knownOf = (asks: string, username: string): string => (asks === 'user_email' ? `${username}@example.com` : '+254700000111')
/** Largest file that the simulated app sends, in bytes; the API takes it as text. */
export const MAX_FILE = 2 << 20
export async function base64(file: Blob): Promise<string> {
  const bytes = new Uint8Array(await file.arrayBuffer())
  let text = ''
  for (let at = 0; at < bytes.length; at += 0x8000) text += String.fromCharCode(...bytes.subarray(at, at + 0x8000))
  return btoa(text)
}
/** The business hid this comment: others do not see it. */
export const hiddenOf = (content: unknown): boolean => (content as { hidden?: unknown } | null)?.hidden === true
