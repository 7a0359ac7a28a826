/** Short messages at the screen's edge. Anything that can be undone is done at once and offers Undo for 8 seconds. */
import { ref } from 'vue'
import { t } from '@/app/i18n'
import { errorText } from './errors'

type Sonner = typeof import('vue-sonner')
/** The app mounts the toaster once the first toast is asked for: it is not part of the first load. */
export const toasterWanted = ref(false)
let toasterMounted: () => void = () => undefined
const mounted = new Promise<void>((resolve) => (toasterMounted = resolve))
/** The toaster says that it stands; a toast before that would be lost. */
export const markToasterMounted = (): void => toasterMounted()
let loading: Promise<Sonner> | null = null
function withSonner(run: (sonner: Sonner['toast']) => void): void {
  loading ??= import('./toaster').then(async ({ sonner }) => {
    toasterWanted.value = true
    await mounted
    return sonner
  })
  loading.then((sonner) => run(sonner.toast), (error: unknown) => console.error(error))
}

type Undo = () => void | Promise<void>
let lastUndo: { id: string; run: Undo } | null = null
let serial = 0

export const UNDO_MS = 8000

function undoable(message: string, run: Undo): void {
  serial += 1
  const id = `undo-${serial}`
  const finish = (): void => {
    if (lastUndo?.id === id) lastUndo = null
  }
  lastUndo = { id, run }
  withSonner((sonner) =>
    sonner(message, {
      id,
      duration: UNDO_MS,
      action: { label: t('common.undo'), onClick: () => void undo(id, run) },
      onDismiss: finish,
      onAutoClose: finish,
    }),
  )
}
function undo(id: string, run: Undo): void {
  if (lastUndo?.id === id) lastUndo = null
  withSonner((sonner) => sonner.dismiss(id))
  void run()
}

/** Takes back what the newest undo toast is about (Ctrl/⌘ Z); false when there is nothing to take back. */
export function undoLast(): boolean {
  if (!lastUndo) return false
  undo(lastUndo.id, lastUndo.run)
  return true
}

export const toast = {
  info: (message: string, description?: string): void => withSonner((sonner) => sonner(message, { description })),
  success: (message: string, description?: string): void => withSonner((sonner) => sonner.success(message, { description })),
  error: (message: string, cause?: unknown): void =>
    withSonner((sonner) => sonner.error(message, { description: cause === undefined ? undefined : errorText(cause), duration: 10_000 })),
  undoable,
}
