/** Small letters without accents or Arabic vowel signs, so that "numero" finds "número". */
export const fold = (text: string): string => text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase()
