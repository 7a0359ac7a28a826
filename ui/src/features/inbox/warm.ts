/**
 * Parts that a thread loads when they are first needed are fetched a moment after it is shown, so that they are at once
 * there, also when the connection is lost meanwhile. A part that cannot be fetched is asked for again when it is needed.
 */
const PARTS = [
  () => import('./content/MessageCard.vue'), () => import('./content/MessageMarks.vue'), () => import('./content/EditHistory.vue'),
  () => import('./BubbleMenu.vue'), () => import('./BubbleTrouble.vue'), () => import('./ComposerPlus.vue'), () => import('./ComposerQuote.vue'), () => import('./ComposerNotice.vue'), () => import('./MentionList.vue'), () => import('./VariableList.vue'),
  () => import('./media/MediaBlock.vue'), () => import('./media/AttachmentTray.vue'), () => import('./media/VoiceButton.vue'), () => import('@/ui/UiConfirm.vue'),
]
let begun = false
export function warm(): void {
  if (begun) return
  begun = true
  const start = (): void => void Promise.allSettled(PARTS.map((part) => part()))
  if ('requestIdleCallback' in globalThis) requestIdleCallback(start, { timeout: 1000 })
  else setTimeout(start, 300)
}
