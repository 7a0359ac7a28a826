/** Wires what runs beside the pages to the session: each starts at sign-in and stops at sign-out. */
import { startLive, stopLive } from '@/lib/live'
import { startDrafts, stopDrafts } from '@/lib/drafts'
import { startOfflineCopy, stopOfflineCopy } from '@/lib/offline'
import { startOutbox, stopOutbox } from '@/lib/outbox'
import { onSessionEnd, onSessionStart } from './session'

onSessionStart(async (scope) => {
  await Promise.all([startOfflineCopy(scope), startOutbox(scope), startLive()])
  startDrafts(scope)
})
onSessionEnd(async (reason) => {
  stopLive()
  stopOutbox()
  await stopDrafts()
  await stopOfflineCopy(reason)
})
