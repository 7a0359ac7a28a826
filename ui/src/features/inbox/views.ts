/** Saved views of the conversation list. */
import { useQuery } from '@tanstack/vue-query'
import { queryClient } from '@/app/query'
import { api, ok, type SavedView } from '@/lib/api'
import { toApi, type Filters } from './filters'

const KEY = ['views']
export const useViews = () => useQuery({ queryKey: KEY, queryFn: ({ signal }) => ok(api.GET('/views', { signal })) })
const again = (): Promise<void> => queryClient.invalidateQueries({ queryKey: KEY })

export async function saveView(name: string, shared: boolean, filters: Filters): Promise<void> {
  await ok(api.POST('/views', { body: { name, shared, filter: toApi(filters), sort: filters.sort } }))
  await again()
}
export async function renameView(view: SavedView, name: string): Promise<void> {
  const { id, filter, sort, shared, version } = view
  try {
    await ok(api.PUT('/views/{id}', { params: { path: { id }, header: { 'If-Match': `"${version}"` } }, body: { name, filter, sort, shared } }))
  } finally {
    await again()
  }
}
export async function deleteView({ id }: SavedView): Promise<void> {
  await ok(api.DELETE('/views/{id}', { params: { path: { id } } }))
  await again()
}

/** The ids of the views beside it (its own owner's), with it moved by a step; null where there is nowhere to go. */
export function moved(views: readonly SavedView[], view: SavedView, step: 1 | -1): string[] | null {
  const ids = views.filter((each) => each.shared === view.shared).map((each) => each.id)
  const from = ids.indexOf(view.id)
  const to = from + step
  if (from < 0 || to < 0 || to >= ids.length) return null
  ids.splice(to, 0, ...ids.splice(from, 1))
  return ids
}
export async function moveView(views: readonly SavedView[], view: SavedView, step: 1 | -1): Promise<void> {
  const ids = moved(views, view, step)
  if (ids) queryClient.setQueryData(KEY, await ok(api.PUT('/views/order', { body: { ids, shared: view.shared } })))
}
