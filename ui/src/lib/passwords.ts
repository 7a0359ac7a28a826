/** The shortest password that the server accepts, in characters. */
export const MIN_PASSWORD = 10

// Without letters and digits that look alike; it may be read out over the phone.
const ALPHABET = 'abcdefghjkmnpqrstuvwxyz23456789'
/** A password that nobody guesses (some 79 bits), in groups that can be read out. */
export function newPassword(): string {
  const letters: string[] = []
  while (letters.length < 16) {
    for (const byte of crypto.getRandomValues(new Uint8Array(32))) {
      // Bytes beyond the last whole round would make some letters likelier.
      if (byte < 248 && letters.length < 16) letters.push(ALPHABET[byte % 31]!)
    }
  }
  return letters.join('').match(/.{4}/g)!.join('-')
}
