/** Which messages this page sent: one's own from another device are news here, like a colleague's. */
import { onSettled, outbox } from '@/lib/outbox'

/** Enough to know those of a long day. */
const MOST = 500
const sent = new Set<string>()
onSettled((item, result) => {
  if (item.kind !== 'message' && item.kind !== 'note') return
  sent.add(result.id)
  if (sent.size > MOST) sent.delete(sent.values().next().value!)
})

/** Whether one's own message went out here; while the answer is awaited, the live feed may have brought it already. */
export const sentHere = (conversation: string, message: string): boolean =>
  sent.has(message) || [...outbox.values()].some((item) => item.conversation === conversation && item.kind === 'message' && item.state === 'sending')
