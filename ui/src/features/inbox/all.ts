/** Changing everything that the list's filters find, loaded or not: done by the server, told here as it goes. */
import { shallowRef } from 'vue'
import { t } from '@/app/i18n'
import { queryClient } from '@/app/query'
import { onSessionEnd, scope } from '@/app/session'
import { api, ApiError, ok, type BulkChange, type BulkJob } from '@/lib/api'
import { toast } from '@/ui'
import { bulk } from './actions'
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

// What one person has under way is not the next one's to see; of changes that wait in the outbox none is left here to be counted.
onSessionEnd(() => {
  everything.value = null
  job.value = null
  bulk.run = null
})

const busy = (state: BulkJob['state']): boolean => state === 'running' || state === 'undoing'
/** The server knows no such job any more (it keeps them in memory), or nobody is signed in who may ask. */
const isLost = (error: unknown): error is ApiError => error instanceof ApiError && [401, 403, 404].includes(error.status)
/** Null while the job is not heard of: a lost connection is no end, it goes on without us. */
async function ask(id: string): Promise<BulkJob | null> {
  try {
    return await ok(api.GET('/bulk/{id}', { params: { path: { id } } }))
  } catch (error) {
    if (isLost(error)) throw error
    return null
  }
}
async function follow(): Promise<void> {
  const id = job.value?.id
  const followed = (): boolean => id !== undefined && job.value?.id === id && busy(job.value.state)
  while (followed()) {
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS))
    if (!followed()) break
    try {
      const next = await ask(id!)
      if (next && followed()) job.value = next
    } catch (error) {
      if (!followed()) break
      job.value = null
      toast.error(t('content.everything.lost'), error)
    }
  }
  if (scope.value) await queryClient.invalidateQueries({ queryKey: ['conversations'] })
}
async function begin(run: () => Promise<BulkJob>): Promise<void> {
  const whose = scope.value
  try {
    const begun = await run()
    if (scope.value !== whose) return
    job.value = begun
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
