import { describe, expect, it, vi } from 'vitest'
import { areas } from '@/app/areas'
import { shellShortcuts } from '@/app/shell/shortcuts'
import { bind, chordOf, clashes, define, setSingleKeys, startShortcuts } from '@/lib/shortcuts'

const press = (init: KeyboardEventInit, target: EventTarget = document.body): KeyboardEvent => {
  const event = new KeyboardEvent('keydown', { bubbles: true, cancelable: true, ...init })
  target.dispatchEvent(event)
  return event
}

describe('shortcuts', () => {
  it('no key means two things at once', () => {
    expect(clashes([...shellShortcuts, ...areas.flatMap((area) => area.shortcuts ?? [])])).toEqual([])
  })

  it('finds clashes of chords, prefixes and the global scope', () => {
    const one = (id: string, keys: string[], scope?: string) => ({ id, keys, title: '', group: '', scope })
    expect(clashes([one('a', ['e']), one('b', ['e'], 'list')])).toHaveLength(1)
    expect(clashes([one('a', ['g']), one('b', ['g i'])])).toHaveLength(1)
    expect(clashes([one('a', ['e'], 'thread'), one('b', ['e'], 'list')])).toEqual([])
  })

  it.each([
    [{ key: 'e', code: 'KeyE' }, 'e'],
    [{ key: 'E', code: 'KeyE', shiftKey: true }, 'shift+e'],
    [{ key: 'ث', code: 'KeyE' }, 'e'],
    [{ key: '؟', code: 'Slash', shiftKey: true }, '?'],
    [{ key: '?', code: 'Minus', shiftKey: true }, '?'],
    [{ key: 'k', code: 'KeyK', metaKey: true }, 'mod+k'],
    [{ key: 'ArrowDown', code: 'ArrowDown' }, 'down'],
    [{ key: 'é', code: 'Digit2' }, 'é'],
  ])('%o is %s', (init, chord) => {
    expect(chordOf(new KeyboardEvent('keydown', init))).toBe(chord)
  })

  it('runs chords and sequences, not in fields, not while composing, not when switched off', () => {
    define([
      { id: 't.e', keys: ['e'], title: '', group: '' },
      { id: 't.gi', keys: ['g i'], title: '', group: '' },
      { id: 't.k', keys: ['mod+k'], title: '', group: '', inFields: true },
    ])
    const stop = startShortcuts()
    const [e, gi, k] = [vi.fn(), vi.fn(), vi.fn()]
    const undo = [bind('t.e', e), bind('t.gi', gi), bind('t.k', k)]
    const field = document.body.appendChild(document.createElement('textarea'))

    expect(press({ key: 'e', code: 'KeyE' }).defaultPrevented).toBe(true)
    press({ key: 'g', code: 'KeyG' })
    press({ key: 'i', code: 'KeyI' })
    press({ key: 'e', code: 'KeyE' }, field)
    press({ key: 'e', code: 'KeyE', isComposing: true })
    press({ key: 'k', code: 'KeyK', ctrlKey: true }, field)
    setSingleKeys(false)
    press({ key: 'e', code: 'KeyE' })
    setSingleKeys(true)
    expect([e, gi, k].map((each) => each.mock.calls.length)).toEqual([1, 1, 1])

    undo.forEach((off) => off())
    expect(press({ key: 'e', code: 'KeyE' }).defaultPrevented).toBe(false)
    stop()
  })
})
