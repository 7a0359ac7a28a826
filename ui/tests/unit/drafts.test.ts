import { describe, expect, it } from 'vitest'
import { unpacked } from '@/features/inbox/extras'
import { isBlank, pack, reconcile, type LocalDraft } from '@/lib/drafts'

const T1 = '2026-11-20T10:00:00.000000Z'
const T2 = '2026-11-20T10:05:00.000000Z'
const local = (more: Partial<LocalDraft>): LocalDraft => ({ reply: '', note: '', extras: '', editedAt: 1, base: T1, dirty: true, ...more })

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
      reply: 'mine', dirty: true, base: T1, other: { reply: 'theirs', note: 'n', stamp: T2 },
    })
    // Asked once more, it is still a question; a cleared field is none that is filled behind one's back.
    expect(reconcile(local({ reply: '' }), { reply: 'theirs', note: '', updated_at: T2 }, true)).toMatchObject({ reply: '', dirty: true, other: { reply: 'theirs' } })
  })
  it('is quiet when both say the same, and prefers a text to an empty field', () => {
    expect(reconcile(local({ reply: 'same' }), { reply: 'same', note: '', updated_at: T2 })).toMatchObject({ dirty: false, other: null })
    expect(reconcile(local({}), { reply: 'theirs', note: '', updated_at: T2 })).toMatchObject({ reply: 'theirs', dirty: false, other: null })
  })
  it('an emptied field (a sent message) is told to the server that still has the old text', () => {
    expect(reconcile(local({}), { reply: 'sent already', note: '', updated_at: T1 })).toMatchObject({ reply: '', dirty: true, other: null })
  })
})

describe('what belongs to a reply beside its text', () => {
  it('is packed the same whatever the order of its fields, and unpacked again', () => {
    const one = pack({ quote: 'ms_1', builder: { kind: 'list', body: 'b' }, files: [{ b: 1, a: 2 }] })
    expect(pack({ files: [{ a: 2, b: 1 }], builder: { body: 'b', kind: 'list' }, quote: 'ms_1' })).toBe(one)
    expect(pack({})).toBe('')
    expect(pack(null)).toBe('')
    const file = { name: 'a.pdf', type: 'application/pdf', size: 3, kind: 'document', caption: 'Menu', voice: false, mediaId: 'md_1' } as const
    expect(unpacked(pack({ track: true, files: [file] }))).toEqual({ quote: null, builder: null, track: true, files: [file] })
  })
  it('is read with care: it may come from another version of the app', () => {
    for (const odd of ['', '{', '[]', 'null', '{"quote":7,"builder":"x","files":[{"mediaId":"md_1","kind":"virus"},{"kind":"image"},3]}'])
      expect(unpacked(odd)).toMatchObject({ builder: null, track: false, files: [] })
  })
  it('counts as a draft, and this device’s stands where only it differs', () => {
    expect(isBlank({ reply: '', note: '', extras: '{"quote":"ms_1"}' })).toBe(false)
    const mine = local({ reply: 'same', extras: pack({ quote: 'ms_1' }) })
    expect(reconcile(mine, { reply: 'same', note: '', extras: { quote: 'ms_2' }, updated_at: T2 })).toMatchObject({ extras: pack({ quote: 'ms_1' }), dirty: true, other: null })
    // Nothing beside the text was chosen here: what another device chose stays.
    expect(reconcile(local({ reply: 'same' }), { reply: 'same', note: '', extras: { quote: 'ms_2' }, updated_at: T2 })).toMatchObject({ extras: pack({ quote: 'ms_2' }), dirty: false })
    expect(reconcile(local({ dirty: false }), { reply: '', note: '', extras: { quote: 'ms_2' }, updated_at: T2 })).toMatchObject({ extras: pack({ quote: 'ms_2' }), dirty: false })
  })
})
