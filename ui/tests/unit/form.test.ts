import { describe, expect, it, vi } from 'vitest'
import { ApiError } from '@/lib/api'
import { afterSave, fieldOf, isEmail, isUrl, useForm, useWorkingCopy } from '@/lib/form'

const make = () =>
  useForm({ name: '', email: 'a@b.example' }, () => ({
    name: (value) => (value.trim() ? null : 'needed'),
    email: (value) => (isEmail(value) ? null : 'no address'),
  }))

describe('form', () => {
  it('says nothing about an empty field that is only passed through', () => {
    const form = make()
    form.bind('name').onBlur()
    expect(form.errors.name).toBeUndefined()
  })

  it('checks a filled field when it is left, then while typing', () => {
    const form = make()
    form.bind('email')['onUpdate:modelValue']('wrong')
    expect(form.errors.email).toBeUndefined()
    form.bind('email').onBlur()
    expect(form.errors.email).toBe('no address')
    form.bind('email')['onUpdate:modelValue']('amina@example.com')
    expect(form.errors.email).toBeNull()
  })

  it('checks all on submit, or only the fields of a step', () => {
    const form = make()
    expect(form.validate(['email'])).toBe(true)
    expect(form.errors.name).toBeUndefined()
    expect(form.validate()).toBe(false)
    expect(form.errors.name).toBe('needed')
  })

  it('knows unsaved changes, and forgets them once saved', () => {
    const form = make()
    expect(form.dirty).toBe(false)
    form.values.name = 'Amina'
    expect(form.dirty).toBe(true)
    form.reset()
    expect(form.dirty).toBe(false)
    form.values.name = 'Fatuma'
    form.reset({ name: 'Fatuma A.' })
    expect(form.values.name).toBe('Fatuma A.')
    expect(form.dirty).toBe(false)
  })

  it("puts the server's refusal beside the field it names", () => {
    const form = make()
    expect(form.refuse(new ApiError(422, 'invalid', 'taken', 'owner.email'))).toBe(true)
    expect(form.errors.email).toBe('taken')
    expect(form.refuse(new ApiError(422, 'invalid', 'no', 'settings.other'))).toBe(false)
    expect(form.refuse(new Error('x'))).toBe(false)
  })

  it('focuses the first field that is wrong', async () => {
    for (const id of ['a', 'b']) document.body.append(Object.assign(document.createElement('input'), { id }))
    document.getElementById('b')!.setAttribute('aria-invalid', 'true')
    make().validate()
    await vi.waitFor(() => expect(document.activeElement?.id).toBe('b'))
  })
})

describe('what is typed while a save is under way', () => {
  it('stays in its field and counts as unsaved; the rest is as the server has it', () => {
    const form = make()
    form.values.name = ' Amina '
    form.values.email = 'B@b.example'
    const sent = form.snapshot()
    form.values.name = ' Amina Otieno'
    form.saved(sent, { name: 'Amina', email: 'b@b.example' })
    expect({ ...form.values }).toEqual({ name: ' Amina Otieno', email: 'b@b.example' })
    expect(form.dirty).toBe(true)
    form.values.name = 'Amina'
    expect(form.dirty).toBe(false)
  })
  it('is nothing, if nothing was typed', () => {
    const form = make()
    form.values.name = 'Amina '
    form.saved(form.snapshot(), { name: 'Amina' })
    expect([form.values.name, form.values.email, form.dirty]).toEqual(['Amina', 'a@b.example', false])
  })
  it('keeps its error; those of what was saved go', () => {
    const form = make()
    form.refuse(new ApiError(422, 'invalid', 'taken', 'email'))
    form.values.name = 'Amina'
    const sent = form.snapshot()
    form.values.name = ''
    form.blur('name')
    form.validate(['name'])
    form.saved(sent)
    expect({ ...form.errors }).toEqual({ name: 'needed' })
  })
  it.each([
    ['nothing was changed', { a: 1, b: [1] }, { a: 1, b: [1] }, { a: 2, b: [2], c: 3 }, { a: 2, b: [2], c: 3 }],
    ['one field was', { a: 5, b: [1] }, { a: 1, b: [1] }, { a: 2, b: [2] }, { a: 5, b: [2] }],
    ['a field of a field was', { a: { x: 1, y: 9 } }, { a: { x: 1, y: 1 } }, { a: { x: 2, y: 2 } }, { a: { x: 2, y: 9 } }],
    ['a list was, as a whole', { a: [{ x: 1 }, { x: 9 }] }, { a: [{ x: 1 }, { x: 1 }] }, { a: [{ x: 2 }, { x: 2 }] }, { a: [{ x: 1 }, { x: 9 }] }],
    ['a field was taken away', { b: 1 }, { a: 1, b: 1 }, { a: 2, b: 2 }, { b: 2 }],
    ['a field was added', { a: 1, b: 7 }, { a: 1 }, { a: 2 }, { a: 2, b: 7 }],
    ['what was filled was emptied', { a: null }, { a: 'x' }, { a: 'X' }, { a: null }],
  ] as [string, object, object, object, object][])('with records, if %s', (_, now, sent, answer, shown) => expect(afterSave(now, sent, answer)).toEqual(shown))
})

describe('a working copy', () => {
  const begun = () => {
    const copy = useWorkingCopy<{ text: string; days: string[] }>()
    copy.offer({ text: 'a', days: ['mon'] })
    return copy
  }
  it('shares nothing with what the server said, and takes nothing new while something is unsaved', () => {
    const copy = useWorkingCopy<{ days: string[] }>()
    const theirs = { days: ['mon'] }
    copy.offer(theirs)
    copy.value.value!.days.push('tue')
    expect(theirs.days).toEqual(['mon'])
    expect([copy.dirty.value, copy.offer({ days: [] }), copy.value.value]).toEqual([true, false, { days: ['mon', 'tue'] }])
    copy.abandon()
    expect([copy.dirty.value, copy.offer({ days: [] }), copy.value.value]).toEqual([false, true, { days: [] }])
  })
  it('keeps what was typed during a save, unsaved', () => {
    const copy = begun()
    copy.value.value!.text = 'ab '
    const sent = copy.snapshot()
    copy.value.value!.days.push('tue')
    copy.saved({ text: 'ab', days: ['mon'] }, sent)
    expect([copy.value.value, copy.dirty.value]).toEqual([{ text: 'ab', days: ['mon', 'tue'] }, true])
    copy.saved({ text: 'ab', days: ['mon', 'tue'] }, copy.snapshot())
    expect(copy.dirty.value).toBe(false)
  })
  it('keeps everything unsaved over a call that took none of it', () => {
    const copy = begun()
    copy.value.value!.text = 'unsaved'
    copy.saved({ text: 'a', days: ['sun'] })
    expect([copy.value.value, copy.dirty.value]).toEqual([{ text: 'unsaved', days: ['sun'] }, true])
  })
})

describe('fieldOf', () => {
  it.each([
    ['name', 'name'],
    ['settings.waba_id', 'waba_id'],
    ['owner.name', 'name'],
    ['owner', null],
    [null, null],
    ['constructor.x', null],
  ])('%s means %s', (path, field) => expect(fieldOf(path, { name: '', waba_id: '' })).toBe(field))
})

describe('addresses', () => {
  it.each([['a@b.co', true], [' a@b.co ', true], ['a@b', false], ['a b@c.de', false], ['', false]])('e-mail %s: %s', (text, good) =>
    expect(isEmail(text)).toBe(good),
  )
  it.each([['https://x.example/y', true], ['http://10.0.0.1:8080', true], ['javascript:alert(1)', false], ['x.example', false], ['', false]])(
    'link %s: %s',
    (text, good) => expect(isUrl(text)).toBe(good),
  )
})
