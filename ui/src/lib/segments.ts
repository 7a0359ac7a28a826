/** How a text becomes SMS segments: each is charged for. The server counts by the same rules (`src/domain/sms.rs`). */
const BASIC = new Set(
  '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà',
)
const EXTENDED = new Set('^{}\\[~]|€\f')

export interface Segments {
  /** Every character is in the GSM alphabet; one that is not makes the whole text more than twice as long. */
  gsm7: boolean
  units: number
  count: number
  /** Units that still fit into the last segment. */
  left: number
}

export function segments(text: string): Segments {
  const characters = [...text]
  const gsm7 = characters.every((character) => BASIC.has(character) || EXTENDED.has(character))
  const width = (character: string): number => (gsm7 ? (EXTENDED.has(character) ? 2 : 1) : character.length)
  const [alone, part] = gsm7 ? [160, 153] : [70, 67]
  const units = characters.reduce((sum, character) => sum + width(character), 0)
  if (units <= alone) return { gsm7, units, count: 1, left: alone - units }
  let count = 1
  let filled = 0
  for (const character of characters) {
    if (filled + width(character) > part) {
      count += 1
      filled = 0
    }
    filled += width(character)
  }
  return { gsm7, units, count, left: part - filled }
}
