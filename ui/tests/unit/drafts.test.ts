import { describe, expect, it } from 'vitest'
import { reconcile, type LocalDraft } from '@/lib/drafts'

const T1 = '2026-11-20T10:00:00.000000Z'
const T2 = '2026-11-20T10:05:00.000000Z'
const local = (more: Partial<LocalDraft>): LocalDraft => ({ reply: '', note: '', editedAt: 1, base: T1, dirty: true, ...more })

describe("this device's draft and the server's", () => {
  it('takes the server\'s when nothing is unsaved here', () => {
    expect(reconcile(undefined, { reply: 'theirs', note: '', updated_at: T2 })).toMatchObject({ reply: 'theirs', base: T2, dirty: false, other: null })
    expect(reconcile(local({ reply: 'old', dirty: false }), { reply: 'theirs', note: '', updated_at: T2 })).toMatchObject({ reply: 'theirs', dirty: false })
  })
  it('keeps the unsaved text when the server has nothing newer', () => {
    expect(reconcile(local({ reply: 'mine' }), { reply: 'before', note: '', updated_at: T1 })).toMatchObject({ reply: 'mine', dirty: true, other: null })
    expect(reconcile(local({ reply: 'mine' }), { reply: '', note: '', updated_at: T2 })).toMatchObject({ reply: 'mine', dirty: true, other: null })
  })
  it('keeps both when both were written in', () => {
    expect(reconcile(local({ reply: 'mine' }), { reply: 'theirs', note: 'n', updated_at: T2 })).toMatchObject({
      reply: 'mine', dirty: true, base: T2, other: { reply: 'theirs', note: 'n' },
    })
  })
  it('is quiet when both say the same, and prefers a text to an empty field', () => {
    expect(reconcile(local({ reply: 'same' }), { reply: 'same', note: '', updated_at: T2 })).toMatchObject({ dirty: false, other: null })
    expect(reconcile(local({}), { reply: 'theirs', note: '', updated_at: T2 })).toMatchObject({ reply: 'theirs', dirty: false, other: null })
  })
  it('an emptied field (a sent message) is told to the server that still has the old text', () => {
    expect(reconcile(local({}), { reply: 'sent already', note: '', updated_at: T1 })).toMatchObject({ reply: '', dirty: true, other: null })
  })
})
