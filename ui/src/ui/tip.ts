/**
 * The one tooltip. Whatever has a hint says so here when it is pointed at or focused; `UiTip.vue`, which comes with the
 * first of them, shows it. So a page full of buttons costs no tooltips until somebody wants one.
 */
import { shallowRef } from 'vue'

export type Side = 'top' | 'bottom' | 'left' | 'right'
export interface Tip {
  /** What it belongs to. */
  target: HTMLElement
  label: string
  /** Id of a shortcut that does the same. */
  shortcut?: string
  side?: Side
}
/** Id of the shown hint's text, for `aria-describedby`. */
export const tipId = shallowRef<string | undefined>()
/** A pointer that only passes shows nothing. */
const REST_MS = 500
/** From one hint straight to the next there is no wait. */
const NEXT_MS = 300
/** Time to move the pointer on to the hint itself. */
const LEAVE_MS = 120

export const tip = shallowRef<Tip | null>(null)
/** Set with the first hint, and stays: the host is then loaded. */
export const tipWanted = shallowRef(false)
let timer: ReturnType<typeof setTimeout> | undefined
let hiddenAt = 0

/** Shows it at once. */
export function show(next: Tip): void {
  clearTimeout(timer)
  tipWanted.value = true
  tip.value = next
}
/** Shows it once the pointer rests; at once where another was just shown. */
export function showSoon(next: Tip): void {
  clearTimeout(timer)
  if (tip.value || Date.now() - hiddenAt < NEXT_MS) return show(next)
  timer = setTimeout(() => show(next), REST_MS)
}
export function hide(): void {
  clearTimeout(timer)
  if (tip.value) hiddenAt = Date.now()
  tip.value = null
}
/** The pointer left; it may be on its way to the hint. */
export function hideSoon(): void {
  clearTimeout(timer)
  if (tip.value) timer = setTimeout(hide, LEAVE_MS)
}
/** The pointer arrived on the hint. */
export const keep = (): void => clearTimeout(timer)
/** What has the hint is gone. */
export function forget(target: HTMLElement | null): void {
  if (target && tip.value?.target === target) hide()
}
