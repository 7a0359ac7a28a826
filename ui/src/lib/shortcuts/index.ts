/**
 * The one registry of keys. Areas declare shortcuts (for help, tooltips and the palette); mounted components bind what
 * they do. Keys are ignored in fields and while an input method composes, unless a shortcut says otherwise.
 */
import { onBeforeUnmount, onMounted, ref, shallowReactive } from 'vue'

export interface ShortcutDefinition {
  id: string
  /** Alternatives, each a chord ("mod+k", "shift+e", "?") or a sequence of two ("g i"). `mod` is Ctrl, ⌘ on Apple. */
  keys: string[]
  /** Key of its description. */
  title: string
  /** Key of the group's heading in the help. */
  group: string
  /** Shortcuts of different scopes are never bound at once and may share keys; `global` shares with none. */
  scope?: string
  /** Works while typing in a field too. */
  inFields?: boolean
}

type Handler = (event: KeyboardEvent) => void | boolean
const definitions = shallowReactive(new Map<string, ShortcutDefinition>())
const bound = new Map<string, Handler[]>()
const SEQUENCE_MS = 1200
const STORED = 'frontdesk.single-keys'

/** Single-key shortcuts can be turned off (WCAG 2.1.4); chords with Ctrl or ⌘ stay. */
export const singleKeys = ref(readSetting())
function readSetting(): boolean {
  try {
    return localStorage.getItem(STORED) !== 'off'
  } catch {
    return true
  }
}
export function setSingleKeys(on: boolean): void {
  singleKeys.value = on
  try {
    localStorage.setItem(STORED, on ? 'on' : 'off')
  } catch {
    // The choice then lasts for this visit.
  }
}

export function define(list: readonly ShortcutDefinition[]): void {
  for (const shortcut of list) definitions.set(shortcut.id, shortcut)
}
export const shortcuts = (): ShortcutDefinition[] => [...definitions.values()]
export const shortcut = (id: string): ShortcutDefinition | undefined => definitions.get(id)

/** Binds what a declared shortcut does; the latest binding wins. A handler that returns false passes the key on. */
export function bind(id: string, handler: Handler): () => void {
  const handlers = bound.get(id) ?? []
  bound.set(id, [...handlers, handler])
  return () => {
    bound.set(id, (bound.get(id) ?? []).filter((other) => other !== handler))
  }
}

/** Binds while the component is mounted. */
export function useShortcuts(handlers: Record<string, Handler>): void {
  let undo: (() => void)[] = []
  onMounted(() => {
    undo = Object.entries(handlers).map(([id, handler]) => bind(id, handler))
  })
  onBeforeUnmount(() => undo.forEach((off) => off()))
}

const SYMBOLS: Record<string, [string, string]> = {
  Slash: ['/', '?'],
  Period: ['.', '>'],
  Comma: [',', '<'],
  Semicolon: [';', ':'],
  Quote: ["'", '"'],
  Minus: ['-', '_'],
  Equal: ['=', '+'],
}

/** The key's name on a Latin layout: `event.key` when it is Latin, else the physical key's letter. */
function keyName(event: Pick<KeyboardEvent, 'key' | 'code' | 'shiftKey'>): string {
  const { key, code } = event
  if (key.length > 1 && key !== 'Dead') return key.toLowerCase().replace('arrow', '')
  if (key === ' ') return 'space'
  if (key.length === 1 && key.charCodeAt(0) < 0x250) return key.toLowerCase()
  const letter = /^Key([A-Z])$/.exec(code)?.[1] ?? /^Digit(\d)$/.exec(code)?.[1]
  if (letter) return letter.toLowerCase()
  return SYMBOLS[code]?.[event.shiftKey ? 1 : 0] ?? key.toLowerCase()
}

/** The chord of a key press as definitions write it, for example "mod+shift+e". */
export function chordOf(
  event: Pick<KeyboardEvent, 'key' | 'code' | 'shiftKey' | 'ctrlKey' | 'metaKey' | 'altKey'>,
): string {
  const key = keyName(event)
  const symbol = key.length === 1 && !/[a-z0-9]/.test(key)
  const parts = []
  if (event.ctrlKey || event.metaKey) parts.push('mod')
  if (event.altKey) parts.push('alt')
  if (event.shiftKey && !symbol) parts.push('shift')
  return [...parts, key].join('+')
}

function inField(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false
  if (target.isContentEditable || target.tagName === 'TEXTAREA' || target.tagName === 'SELECT') return true
  if (target.tagName !== 'INPUT') return target.getAttribute('role') === 'textbox'
  return !['checkbox', 'radio', 'button', 'submit', 'range'].includes((target as HTMLInputElement).type)
}

/** An open menu, list or dialog owns the keyboard. */
const overlayOpen = (): boolean =>
  document.querySelector('[role="dialog"][data-state="open"], [role="alertdialog"][data-state="open"], [role="menu"][data-state="open"], [role="listbox"][data-state="open"]') !== null

let pending: { chord: string; at: number } | null = null

function run(id: string, event: KeyboardEvent): boolean {
  const handlers = bound.get(id)
  for (const handler of [...(handlers ?? [])].reverse()) {
    if (handler(event) !== false) return true
  }
  return false
}

function onKey(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.isComposing || event.keyCode === 229) return
  if (['Shift', 'Control', 'Alt', 'Meta'].includes(event.key)) return
  const chord = chordOf(event)
  const typing = inField(event.target)
  const single = !chord.includes('mod+') && !/^(f\d+|escape)$/.test(chord)
  const sequence = pending && Date.now() - pending.at < SEQUENCE_MS ? `${pending.chord} ${chord}` : null
  pending = null
  if (single && !typing && !singleKeys.value && /^(shift\+)?.$/.test(chord)) return
  if (overlayOpen() && chord !== 'mod+k') return
  for (const name of sequence ? [sequence, chord] : [chord]) {
    for (const definition of definitions.values()) {
      if (!definition.keys.includes(name) || (typing && !definition.inFields)) continue
      if (run(definition.id, event)) {
        event.preventDefault()
        return
      }
    }
  }
  const opens = [...definitions.values()].some((each) => each.keys.some((keys) => keys.startsWith(`${chord} `)))
  if (opens && !typing) pending = { chord, at: Date.now() }
}

export function startShortcuts(): () => void {
  window.addEventListener('keydown', onKey)
  return () => window.removeEventListener('keydown', onKey)
}

/** Pairs of shortcuts that the same key would set off at once. */
export function clashes(list: readonly ShortcutDefinition[]): string[] {
  const found: string[] = []
  list.forEach((a, index) => {
    for (const b of list.slice(index + 1)) {
      const apart = a.scope !== b.scope && (a.scope ?? 'global') !== 'global' && (b.scope ?? 'global') !== 'global'
      if (apart) continue
      for (const keys of a.keys) {
        const same = b.keys.some((other) => other === keys || other.startsWith(`${keys} `) || keys.startsWith(`${other} `))
        if (same) found.push(`${keys}: ${a.id}, ${b.id}`)
      }
    }
  })
  return found
}

const apple = (): boolean => /mac|iphone|ipad/i.test(navigator.platform)

/** A shortcut's keys for showing, one list of key caps per chord of the first alternative. */
export function keyCaps(keys: string): string[][] {
  const names: Record<string, string> = {
    mod: apple() ? '⌘' : 'Ctrl', shift: apple() ? '⇧' : 'Shift', alt: apple() ? '⌥' : 'Alt',
    enter: '↵', escape: 'Esc', up: '↑', down: '↓', left: '←', right: '→', space: 'Space',
  }
  return keys.split(' ').map((chord) =>
    chord.split('+').map((part) => names[part] ?? (part.length === 1 ? part.toUpperCase() : part.toUpperCase())),
  )
}
