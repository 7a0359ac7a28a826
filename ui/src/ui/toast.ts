/** Short messages at the screen's edge. Anything that can be undone is done at once and offers Undo for 8 seconds. */
import { toast as sonner } from 'vue-sonner'
import { t } from '@/app/i18n'
import { errorText } from './errors'

type Undo = () => void | Promise<void>
let lastUndo: { id: string | number; run: Undo } | null = null

export const UNDO_MS = 8000

function undoable(message: string, run: Undo): void {
  const finish = (): void => {
    if (lastUndo?.id === id) lastUndo = null
  }
  const id = sonner(message, {
    duration: UNDO_MS,
    action: { label: t('common.undo'), onClick: () => void undoLast() },
    onDismiss: finish,
    onAutoClose: finish,
  })
  lastUndo = { id, run }
}

/** Takes back what the newest undo toast is about (Ctrl/⌘ Z); false when there is nothing to take back. */
export function undoLast(): boolean {
  if (!lastUndo) return false
  const { id, run } = lastUndo
  lastUndo = null
  sonner.dismiss(id)
  void run()
  return true
}

export const toast = {
  info: (message: string, description?: string) => sonner(message, { description }),
  success: (message: string, description?: string) => sonner.success(message, { description }),
  error: (message: string, cause?: unknown) =>
    sonner.error(message, { description: cause === undefined ? undefined : errorText(cause), duration: 10_000 }),
  undoable,
}
