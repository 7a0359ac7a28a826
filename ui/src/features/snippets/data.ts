/** The workspace's snippets, all of them: a thousand at most. */
import { useQuery } from '@tanstack/vue-query'
import { api, ok, type Snippet } from '@/lib/api'

export const SNIPPETS = ['snippets']
const PAGES = 10
export const useSnippets = () =>
  useQuery({
    queryKey: SNIPPETS,
    queryFn: async ({ signal }) => {
      const all: Snippet[] = []
      let cursor: string | undefined
      for (let page = 0; page < PAGES; page += 1) {
        const answer = await ok(api.GET('/snippets', { params: { query: { limit: 100, cursor } }, signal }))
        all.push(...answer.items)
        if (!answer.next_cursor) break
        cursor = answer.next_cursor
      }
      return all
    },
  })
