import { QueryClient } from '@tanstack/vue-query'
import { describe, expect, it } from 'vitest'
import { askAgain, patchQuery, queryClient } from '@/app/query'
import { me } from '@/app/session'
import { cached } from '@/features/inbox/actions'
import { receive } from '@/features/inbox/live'
import { applyAgain, MOST_KEPT } from '@/features/inbox/overtaken'
import type { Conversation, Message } from '@/lib/api'
import type { LiveEvent } from '@/lib/live'

/** An answer that comes when it is told to. */
function later<T>(): { answer: Promise<T>; give: (value: T) => void; fail: () => void } {
  let [give, fail]: [(value: T) => void, () => void] = [() => undefined, () => undefined]
  const answer = new Promise<T>((resolve, reject) => {
    give = resolve
    fail = () => reject(new Error('no answer'))
  })
  return { answer, give, fail }
}

describe('what the feed told while an answer was under way', () => {
  const start = () => {
    const client = new QueryClient({ defaultOptions: { queries: { retry: false } } })
    const applied: string[][] = []
    const tell = applyAgain<string>(client, ['list'], (events) => applied.push(events))
    const ask = (...key: string[]) => {
      const { answer, give, fail } = later<string>()
      const done = client.fetchQuery({ queryKey: key, queryFn: () => answer, staleTime: 0 })
      return { give: async () => (give('old'), await done), fail: async () => (fail(), await done.catch(() => undefined)) }
    }
    return { client, applied, tell, ask }
  }

  it('is applied to it again, and only that', async () => {
    const { applied, tell, ask, client } = start()
    tell(['before'])
    const [first, other] = [ask('list', 'a'), ask('other')]
    tell(['one'])
    client.setQueryData(['list', 'a'], 'as the feed says')
    const second = ask('list', 'b')
    tell(['two', 'three'])
    await other.give()
    expect(applied).toEqual([])
    await second.give()
    expect(applied).toEqual([['two', 'three']])
    await first.give()
    expect(applied).toEqual([['two', 'three'], ['one', 'two', 'three']])
    tell(['after'])
    await ask('list', 'a').give()
    expect(applied).toHaveLength(2)
  })

  it('waits for nothing that failed or was thrown away', async () => {
    const { applied, tell, ask, client } = start()
    const failed = ask('list', 'a')
    tell(['one'])
    await failed.fail()
    const gone = ask('list', 'b')
    tell(['two'])
    client.removeQueries({ queryKey: ['list', 'b'] })
    await gone.fail()
    expect(applied).toEqual([])
  })

  it('has the question asked anew when it is too much', async () => {
    const { applied, tell, client } = start()
    let asked = 0
    let give: (value: string) => void = () => undefined
    const queryFn = (): Promise<string> => ((asked += 1), new Promise((resolve) => (give = resolve)))
    client.setQueryDefaults(['list'], { queryFn })
    const done = client.fetchQuery({ queryKey: ['list'] }).catch(() => undefined)
    tell(Array.from({ length: MOST_KEPT }, String))
    expect(asked).toBe(1)
    tell(['one more'])
    tell(['and another'])
    give('an answer')
    await done
    expect(applied).toEqual([['and another']])
  })
})

describe('what was asked for before events could be applied', () => {
  it('is asked for again, once its answer is there', async () => {
    const client = new QueryClient()
    const answers: ((value: string) => void)[] = []
    const queryFn = (): Promise<string> => new Promise((resolve) => answers.push(resolve))
    client.setQueryDefaults(['list'], { queryFn, staleTime: Infinity })
    client.setQueryData(['list', 'there'], 'old')
    client.setQueryData(['other'], 'old')
    const first = client.fetchQuery({ queryKey: ['list', 'asked'] })
    askAgain(client, ({ queryKey }) => queryKey[0] === 'list')
    const invalid = () => client.getQueryCache().getAll().filter(({ state }) => state.isInvalidated).map(({ queryKey }) => queryKey.join(' '))
    await expect.poll(invalid).toEqual(['list there'])
    answers[0]!('old')
    expect(await first).toBe('old')
    await expect.poll(invalid).toEqual(['list there', 'list asked'])
    expect(answers).toHaveLength(1)
  })
})

describe('a change of a kept answer', () => {
  it('makes the rest of it no newer', async () => {
    const state = () => queryClient.getQueryState(['kept'])!
    patchQuery(['kept'], () => 'first')
    expect(state().dataUpdatedAt).toBeGreaterThan(Date.now() - 5000)
    queryClient.setQueryData(['kept'], 'yesterday', { updatedAt: 1000 })
    patchQuery(['kept'], () => 'changed')
    expect(state()).toMatchObject({ data: 'changed', dataUpdatedAt: 1000, isInvalidated: false })
    await queryClient.invalidateQueries({ queryKey: ['kept'] })
    patchQuery(['kept'], () => 'changed again')
    expect(state()).toMatchObject({ data: 'changed again', dataUpdatedAt: 1000, isInvalidated: true })
  })
})

describe('the inbox', () => {
  const conversation = (more: object): Conversation =>
    ({ id: 'cv_1', version: 1, channel_id: 'ch_1', status: 'open', unread: 0, labels: [], assignee: null, priority: 'none', last_activity_at: '2026-11-21T10:00:00Z', contact: { id: 'ct_1', name: 'Neema', identities: [], picture_url: null }, ...more }) as unknown as Conversation
  const event = (data: object, type = 'message.created'): LiveEvent => ({ seq: 1, type, at: '', data }) as unknown as LiveEvent
  const page = <T>(...items: T[]) => ({ pages: [{ items, next_cursor: null }], pageParams: [null] })

  it('keeps a message that came while its thread was asked for', async () => {
    const { answer, give } = later<{ items: Message[]; next_cursor: null }>()
    const asked = queryClient.fetchInfiniteQuery({ queryKey: ['messages', 'cv_1'], queryFn: () => answer, initialPageParam: null })
    const message = { id: 'ms_2', conversation_id: 'cv_1', created_at: '2026-11-21T10:00:01Z', direction: 'outbound', type: 'text', author: { id: 'x' } }
    receive([event({ message })])
    give({ items: [{ ...message, id: 'ms_1', created_at: '2026-11-21T10:00:00Z' } as unknown as Message], next_cursor: null })
    await asked
    const { pages } = queryClient.getQueryData<ReturnType<typeof page<Message>>>(['messages', 'cv_1'])!
    expect(pages[0]!.items.map(({ id }) => id)).toEqual(['ms_2', 'ms_1'])
  })

  const picture_url = '/media/1'
  const contact = { id: 'ct_1', name: 'Neema', identities: [], picture_url, conversations: ['cv_1'] }
  const pictures = () => queryClient.getQueryData<ReturnType<typeof page<Conversation>>>(['conversations', { status: 'open' }])!.pages[0]!.items.map(({ contact }) => contact.picture_url)

  it('shows the picture of a contact that came in one batch with its conversation', () => {
    queryClient.setQueryData(['conversations', { status: 'open' }], page<Conversation>())
    queryClient.setQueryData(['channels'], { items: [{ id: 'ch_1' }] })
    receive([event({ conversation: conversation({}) }), event({ contact }, 'contact.updated')])
    expect(pictures()).toEqual([picture_url])
  })

  it('keeps a picture that came while the list was asked for', async () => {
    const { answer, give } = later<{ items: Conversation[]; next_cursor: null }>()
    queryClient.setQueryData(['conversations', { status: 'open' }], page(conversation({})))
    queryClient.setQueryData(['conversation', 'cv_1'], conversation({}))
    const asked = queryClient.fetchInfiniteQuery({ queryKey: ['conversations', { status: 'open' }], queryFn: () => answer, initialPageParam: null, staleTime: 0 })
    receive([event({ contact }, 'contact.updated')])
    expect(pictures()).toEqual([picture_url])
    give({ items: [conversation({})], next_cursor: null })
    await asked
    expect(pictures()).toEqual([picture_url])
    expect(queryClient.getQueryData<Conversation>(['conversation', 'cv_1'])!.contact.picture_url).toBe(picture_url)
  })

  it('goes by the newest copy of a conversation, wherever it stands', () => {
    queryClient.setQueryData(['conversation', 'cv_9'], conversation({ id: 'cv_9', version: 3 }))
    expect(cached('cv_9')?.version).toBe(3)
    queryClient.setQueryData(['conversations', { status: 'open' }], page(conversation({ id: 'cv_9', version: 4 })))
    queryClient.setQueryData(['conversations', { status: 'any' }], page(conversation({ id: 'cv_9', version: 2 })))
    expect(cached('cv_9')?.version).toBe(4)
    expect(cached('cv_10')).toBeUndefined()
  })

  it('asks for the list of mentions again when there is one more', () => {
    const [mentions, others] = [['conversations', { view: 'mentions', status: 'any' }], ['conversations', { view: 'all', status: 'any' }]]
    for (const key of [mentions, others]) queryClient.setQueryData(key, page<Conversation>())
    me.value = { user: { id: 'us_me' } } as typeof me.value
    receive([event({ message: { id: 'ms_9', conversation_id: 'cv_9', type: 'note', direction: 'outbound', author: { id: 'x' }, note: { mentions: ['us_me'] } } })])
    expect([mentions, others].map((key) => queryClient.getQueryState(key)!.isInvalidated)).toEqual([true, false])
  })
})
