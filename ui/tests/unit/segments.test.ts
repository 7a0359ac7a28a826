import { describe, expect, it } from 'vitest'
import { segments } from '@/lib/segments'

// The same table as the server's (src/domain/sms.rs).
describe('SMS segments', () => {
  const table: [string, boolean, number, number][] = [
    ['', true, 0, 1],
    ['a'.repeat(160), true, 160, 1],
    ['a'.repeat(161), true, 161, 2],
    ['a'.repeat(306), true, 306, 2],
    ['a'.repeat(307), true, 307, 3],
    ['€'.repeat(80), true, 160, 1],
    ['€'.repeat(153), true, 306, 3],
    ['é'.repeat(160), true, 160, 1],
    ['ç', false, 1, 1],
    ['ж'.repeat(70), false, 70, 1],
    ['ж'.repeat(71), false, 71, 2],
    ['ж'.repeat(134), false, 134, 2],
    ['ж'.repeat(135), false, 135, 3],
    ['😀'.repeat(35), false, 70, 1],
    ['😀'.repeat(67), false, 134, 3],
    [`${'a'.repeat(160)}😀`, false, 162, 3],
  ]
  it.each(table)('%# counts', (text, gsm7, units, count) => {
    const got = segments(text)
    expect([got.gsm7, got.units, got.count]).toEqual([gsm7, units, count])
  })
})
