/** Wires what runs beside the pages to the session: each starts at sign-in and stops at sign-out. */
import { startAttachments, stopAttachments } from '@/lib/attachments'
import { reconnect, startLive, stopLive } from '@/lib/live'
import { startDrafts, stopDrafts } from '@/lib/drafts'
import { startOfflineCopy, stopOfflineCopy } from '@/lib/offline'
import { startOutbox, stopOutbox } from '@/lib/outbox'
import { loadNotifySettings } from './notify'
import { startPush, stopPush } from './push'
import { queryClient } from './query'
import { onSessionEnd, onSessionResume, onSessionStart } from './session'

onSessionStart(async (scope) => {
  await Promise.all([startOfflineCopy(scope), startOutbox(scope), startLive()])
  startDrafts(scope)
  startAttachments(scope)
  // Without an answer the usual ones serve.
  void loadNotifySettings().catch(() => undefined)
  void startPush(scope).catch(() => undefined)
})
onSessionEnd(async (reason) => {
  stopLive()
  stopOutbox()
  await stopDrafts()
  stopAttachments()
  // Somebody who was signed out in another tab leaves nothing to read here either.
  await stopOfflineCopy(reason === 'expired' ? 'expired' : 'logout')
  if (reason === 'logout') await stopPush()
})
onSessionResume(() => {
  // The new connection wakes outbox and drafts; what is on screen is asked for again.
  reconnect()
  void queryClient.invalidateQueries()
})
