/**
 * WebM with Opus into Ogg with Opus, packet by packet: nothing is encoded again. Chromium records only the former,
 * WhatsApp takes only the latter. WebM is RFC 9559 (Matroska), Ogg is RFC 3533, Opus in it RFC 7845.
 */
const ENTER = new Set([0x18538067, 0x1654ae6b, 0xae, 0x1f43b675, 0xa0]) // Segment, Tracks, TrackEntry, Cluster, BlockGroup
const CODEC_PRIVATE = 0x63a2
const SIMPLE_BLOCK = 0xa3
const BLOCK = 0xa1
const MAX_PACKETS = 500_000
/** Pages of about a second: players seek by them. */
const PAGE_PACKETS = 50
const MAX_SEGMENTS = 255

function number(data: Uint8Array, at: number, keepMarker: boolean): { value: number; length: number } | null {
  const first = data[at]
  if (first === undefined || first === 0) return null
  const length = Math.clz32(first) - 23
  if (at + length > data.length) return null
  let value = keepMarker ? first : first & (0xff >> length)
  let ones = (first & (0xff >> length)) === 0xff >> length
  for (let index = 1; index < length; index += 1) {
    value = value * 256 + data[at + index]!
    ones &&= data[at + index] === 0xff
  }
  return { value: !keepMarker && ones ? Number.NaN : value, length }
}

interface Stream {
  head: Uint8Array | null
  packets: Uint8Array[]
}
function read(data: Uint8Array): Stream | null {
  const stream: Stream = { head: null, packets: [] }
  let at = 0
  while (at < data.length && stream.packets.length < MAX_PACKETS) {
    const id = number(data, at, true)
    const size = id && number(data, at + id.length, false)
    if (!id || !size) break
    at += id.length + size.length
    if (ENTER.has(id.value)) continue
    // Only what is entered may be of unknown length.
    if (Number.isNaN(size.value)) return null
    const body = data.subarray(at, at + size.value)
    at += size.value
    if (id.value === CODEC_PRIVATE) stream.head ??= body
    if (id.value !== SIMPLE_BLOCK && id.value !== BLOCK) continue
    const track = number(body, 0, false)
    const flags = track && body[track.length + 2]
    if (!track || flags === undefined || flags === null || (flags & 0x06) !== 0) return null
    const packet = body.subarray(track.length + 3)
    if (packet.length > 0) stream.packets.push(packet)
  }
  return stream
}

/** Samples at 48 kHz that a packet holds, by its first byte (RFC 6716, 3.1). */
function samples(packet: Uint8Array): number {
  const toc = packet[0]!
  const mode = toc >> 3
  const ms = mode < 12 ? [10, 20, 40, 60][mode & 3]! : mode < 16 ? [10, 20][mode & 1]! : [2.5, 5, 10, 20][mode & 3]!
  const frames = (toc & 3) === 0 ? 1 : (toc & 3) === 3 ? (packet[1] ?? 0) & 0x3f : 2
  return ms * 48 * frames
}

const CRC = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index << 24
  for (let bit = 0; bit < 8; bit += 1) value = value & 0x80000000 ? (value << 1) ^ 0x04c11db7 : value << 1
  return value >>> 0
})
export function oggCrc(page: Uint8Array): number {
  let crc = 0
  for (const byte of page) crc = ((crc << 8) ^ CRC[((crc >>> 24) ^ byte) & 0xff]!) >>> 0
  return crc
}

function page(packets: Uint8Array[], serial: number, index: number, granule: number, flags: number): Uint8Array<ArrayBuffer> {
  const segments = packets.flatMap((packet) => [...Array<number>(Math.floor(packet.length / 255)).fill(255), packet.length % 255])
  const size = packets.reduce((sum, packet) => sum + packet.length, 0)
  const out = new Uint8Array(27 + segments.length + size)
  const view = new DataView(out.buffer)
  out.set([0x4f, 0x67, 0x67, 0x53, 0, flags])
  view.setBigUint64(6, BigInt(granule), true)
  view.setUint32(14, serial, true)
  view.setUint32(18, index, true)
  out[26] = segments.length
  out.set(segments, 27)
  let at = 27 + segments.length
  for (const packet of packets) {
    out.set(packet, at)
    at += packet.length
  }
  view.setUint32(22, oggCrc(out), true)
  return out
}

const text = (value: string): Uint8Array => new TextEncoder().encode(value)
const usualHead = Uint8Array.from([...text('OpusHead'), 1, 1, 0x38, 1, 0x80, 0xbb, 0, 0, 0, 0, 0])
const tags = Uint8Array.from([...text('OpusTags'), 9, 0, 0, 0, ...text('frontdesk'), 0, 0, 0, 0])

/** Null for what is no WebM with one plain Opus track. */
export function webmToOgg(data: Uint8Array, serial = 1): Blob | null {
  const stream = read(data)
  if (!stream || stream.packets.length === 0) return null
  const head = stream.head && new TextDecoder().decode(stream.head.subarray(0, 8)) === 'OpusHead' ? stream.head : usualHead
  const pages = [page([head], serial, 0, 0, 2), page([tags], serial, 1, 0, 0)]
  let granule = new DataView(head.buffer, head.byteOffset).getUint16(10, true)
  let gathered: Uint8Array[] = []
  let segments = 0
  const close = (last: boolean): void => {
    pages.push(page(gathered, serial, pages.length, granule, last ? 4 : 0))
    gathered = []
    segments = 0
  }
  for (const packet of stream.packets) {
    const needed = Math.floor(packet.length / 255) + 1
    if (needed > MAX_SEGMENTS) return null
    if (gathered.length >= PAGE_PACKETS || segments + needed > MAX_SEGMENTS) close(false)
    gathered.push(packet)
    segments += needed
    granule += samples(packet)
  }
  close(true)
  return new Blob(pages, { type: 'audio/ogg' })
}
