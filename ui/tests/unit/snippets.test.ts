import { describe, expect, it } from 'vitest'
import { fill, findSnippets, marked, unknownVariable, valuesFrom } from '@/features/snippets/model'
import type { Snippet } from '@/lib/api'

const snippet = (name: string, text = ''): Snippet => ({ id: name, name, text, version: 1 })
const amina = { name: 'Amina El-Sayed', identities: [{ kind: 'whatsapp_id', value: '254711000234' }] }

describe('snippets', () => {
  it('are filled with what is known, and what is missing is marked', () => {
    const values = valuesFrom(amina, 'Baraka Otieno', 'Jua Bakery')
    expect(fill('Hi {{contact.first_name}} ({{ contact.phone }}), {{agent.name}} of {{business.name}}', values)).toBe('Hi Amina (+254711000234), Baraka Otieno of Jua Bakery')
    const nameless = fill('Hi {{contact.name}}', valuesFrom({ name: '+254711000234', identities: [] }, '', ''))
    expect(nameless).toBe('Hi ⟨contact.name⟩')
    expect([marked(nameless), marked('Hi ⟨you⟩!'), marked('1 ⟨ 2 ⟩')]).toEqual([true, true, false])
  })
  it('never fill what stands in a value, nor what they do not know', () => {
    expect(fill('{{contact.name}} {{other}}', { 'contact.name': '{{agent.name}}', 'agent.name': 'x' })).toBe('{{agent.name}} {{other}}')
  })
  it.each([
    ['{{contact.name}}', null],
    ['{{ contact.name }} {{contact.age}}', 'contact.age'],
    ['{{}}', ''],
    ['{contact.age}', null],
  ])('%s: unknown is %j', (text, unknown) => expect(unknownVariable(text)).toBe(unknown))
  it('are found by the beginning of their name first, then by any word, accents aside', () => {
    const all = [snippet('Address', 'open daily'), snippet('Ópen'), snippet('Zoo', 'x')]
    expect(findSnippets(all, 'open', 5).map((each) => each.name)).toEqual(['Ópen', 'Address'])
    expect(findSnippets(all, '', 2).map((each) => each.name)).toEqual(['Address', 'Ópen'])
  })
})
