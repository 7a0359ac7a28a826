import { beforeEach, describe, expect, it } from 'vitest'
import { readDraft, stepFor, tidyCode, writeDraft } from '@/features/setup/steps'

describe('set-up', () => {
  const fresh = { needed: true, signedIn: false, owner: false }
  const owner = { needed: false, signedIn: true, owner: true }
  it.each([
    [undefined, fresh, 'owner'],
    ['business', fresh, 'business'],
    ['channel', fresh, 'owner'],
    ['hours', fresh, 'owner'],
    ['hours', owner, 'hours'],
    ['channel', owner, 'channel'],
    ['test', owner, 'test'],
    [undefined, owner, 'start'],
    ['business', owner, 'start'],
    ['channel', { needed: false, signedIn: false, owner: false }, 'login'],
    ['channel', { needed: false, signedIn: true, owner: false }, 'start'],
  ])('shows for the step %s in state %o: %s', (wish, state, shown) => expect(stepFor(wish, state)).toBe(shown))

  it.each([
    ['abcd efgh jkmn pqrs', 'ABCD-EFGH-JKMN-PQRS'],
    ['ABCD-EFGH-JKMN-PQRS', 'ABCD-EFGH-JKMN-PQRS'],
    [' abcdefghjkmnpqrs\n', 'ABCD-EFGH-JKMN-PQRS'],
    ['', ''],
  ])('tidies the code %j', (typed, tidy) => expect(tidyCode(typed)).toBe(tidy))

  describe('draft', () => {
    beforeEach(() => sessionStorage.clear())
    it('survives a reload and goes when done', () => {
      writeDraft({ name: 'Amina', business: 'Jua' })
      expect(readDraft()).toEqual({ name: 'Amina', business: 'Jua' })
      writeDraft(null)
      expect(readDraft()).toEqual({})
    })
    it('forgives damage', () => {
      sessionStorage.setItem('frontdesk.setup', '{"na')
      expect(readDraft()).toEqual({})
      sessionStorage.setItem('frontdesk.setup', 'null')
      expect(readDraft()).toEqual({})
    })
  })
})
