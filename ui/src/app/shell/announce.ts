/**
 * The one voice to screen readers. Polite messages are at most one per three seconds, the newest of each kind;
 * failures are said at once.
 */
import { ref } from 'vue'

export const politeText = ref('')
export const urgentText = ref('')
const PAUSE_MS = 3000
let waiting: string | null = null
let lastAt = 0
let timer: ReturnType<typeof setTimeout> | null = null

function say(): void {
  timer = null
  if (waiting === null) return
  politeText.value = waiting
  waiting = null
  lastAt = Date.now()
}
export function announce(text: string): void {
  waiting = text
  if (timer === null) timer = setTimeout(say, Math.max(50, lastAt + PAUSE_MS - Date.now()))
}
export function announceNow(text: string): void {
  urgentText.value = text
}
