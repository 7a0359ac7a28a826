/** A recording as a WAV file: speech in one channel, for channels that take no other format that a browser can make. */
const RATE = 16_000
const BYTES = 2
/** What a second takes. */
export const WAV_BYTES_PER_S = RATE * BYTES
const HEADER = 44

/** Reads a recording in any format that the browser knows; null for one without sound. */
export async function toWav(recording: ArrayBuffer): Promise<Blob | null> {
  // A context of that rate brings what it reads to it.
  const heard = await new OfflineAudioContext(1, 1, RATE).decodeAudioData(recording)
  if (heard.length === 0) return null
  const channels = Array.from({ length: heard.numberOfChannels }, (_, index) => heard.getChannelData(index))
  return new Blob([encode(channels)], { type: 'audio/wav' })
}

/** Samples from -1 to 1, of each channel, as one channel of 16 bits. */
export function encode(channels: readonly Float32Array[]): ArrayBuffer {
  const count = channels[0]?.length ?? 0
  const file = new ArrayBuffer(HEADER + count * BYTES)
  const view = new DataView(file)
  const word = (at: number, text: string): void => [...text].forEach((letter, index) => view.setUint8(at + index, letter.charCodeAt(0)))
  word(0, 'RIFF')
  view.setUint32(4, file.byteLength - 8, true)
  word(8, 'WAVEfmt ')
  view.setUint32(16, 16, true)
  view.setUint16(20, 1, true)
  view.setUint16(22, 1, true)
  view.setUint32(24, RATE, true)
  view.setUint32(28, WAV_BYTES_PER_S, true)
  view.setUint16(32, BYTES, true)
  view.setUint16(34, 8 * BYTES, true)
  word(36, 'data')
  view.setUint32(40, count * BYTES, true)
  for (let at = 0; at < count; at++) {
    let sum = 0
    for (const channel of channels) sum += channel[at] ?? 0
    const level = Math.max(-1, Math.min(1, sum / channels.length))
    view.setInt16(HEADER + at * BYTES, Math.round(level * (level < 0 ? 0x8000 : 0x7fff)), true)
  }
  return file
}
