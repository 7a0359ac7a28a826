import { describe, expect, it, vi } from 'vitest'
import { ApiError } from '@/lib/api'
import { fieldOf, isEmail, isUrl, useForm } from '@/lib/form'

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
