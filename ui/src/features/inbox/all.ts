/** Changing everything that the list's filters find, loaded or not: done by the server, told here as it goes. */
import { shallowRef } from 'vue'
import { t } from '@/app/i18n'
import { queryClient } from '@/app/query'
import { api, ok, type BulkChange, type BulkJob } from '@/lib/api'
import { toast } from '@/ui'
import { toApi, type Filters } from './filters'

const EVERY_MS = 400
/** How many the filters find, once somebody chose all of them. */
export const everything = shallowRef<{ filters: Filters; count: number; exact: boolean } | null>(null)
export const job = shallowRef<BulkJob | null>(null)

export async function chooseEverything(filters: Filters): Promise<void> {
  try {
    everything.value = { filters, ...(await ok(api.GET('/conversations/count', { params: { query: toApi(filters) } }))) }
  } catch (error) {
    toast.error(t('content.everything.countFailed'), error)
  }
}

const busy = (state: BulkJob['state']): boolean => state === 'running' || state === 'undoing'
async function follow(): Promise<void> {
  while (job.value && busy(job.value.state)) {
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS))
    // A lost connection is no end: the job goes on without us.
    const next = await ok(api.GET('/bulk/{id}', { params: { path: { id: job.value.id } } })).catch(() => null)
    if (next) job.value = next
  }
  await queryClient.invalidateQueries({ queryKey: ['conversations'] })
}
async function begin(run: () => Promise<BulkJob>): Promise<void> {
  try {
    job.value = await run()
    await follow()
  } catch (error) {
    toast.error(t('content.everything.failed'), error)
  }
}
export async function changeEverything(change: BulkChange): Promise<void> {
  const chosen = everything.value
  if (!chosen) return
  everything.value = null
  await begin(() => ok(api.POST('/bulk', { body: { filter: toApi(chosen.filters), change } })))
}
export async function undoEverything(): Promise<void> {
  const id = job.value?.id
  if (id) await begin(() => ok(api.POST('/bulk/{id}/undo', { params: { path: { id } } })))
}
export async function stopEverything(): Promise<void> {
  const id = job.value?.id
  if (id) await ok(api.DELETE('/bulk/{id}', { params: { path: { id } } })).catch((error: unknown) => toast.error(t('content.everything.failed'), error))
}
