import { describe, expect, it } from 'vitest'
import type { MediaRule } from '@/lib/api'
import { messagesOf, type Attachment } from '@/lib/attachments'
import { judge, plainType } from '@/lib/media/rules'
import { encode, WAV_BYTES_PER_S } from '@/lib/media/wav'
import { oggCrc, webmToOgg } from '@/lib/media/webm'
import { duration } from '@/features/inbox/media/clock'
import { decode, MAX_COLUMNS, MAX_ROWS, previewOf, rowsOf } from '@/features/inbox/media/preview'
import { withFile } from '@/features/phone/model'
import type { PhoneMessage } from '@/lib/api'

const rules: MediaRule[] = [
  { kind: 'image', mime_types: ['image/jpeg', 'image/png'], max_bytes: 5 << 20 },
  { kind: 'audio', mime_types: ['audio/ogg', 'audio/mpeg'], max_bytes: 16 << 20 },
  { kind: 'document', mime_types: ['application/pdf', 'text/plain'], max_bytes: 100 << 20 },
]

describe('what a channel takes', () => {
  it.each([
    ['image/png', 10, 'image', null],
    ['image/jpg', 10, 'image', null],
    ['audio/ogg; codecs=opus', 10, 'audio', null],
    ['text/csv', 10, 'document', null],
    ['image/png', (5 << 20) + 1, 'image', 'tooLarge'],
    ['image/heic', 10, 'image', 'wrongType'],
    ['', 10, 'document', 'wrongType'],
    ['text/html', 10, 'document', 'wrongType'],
  ])('%s of %i bytes', (type, size, kind, problem) => {
    expect(judge({ type, size }, rules)).toMatchObject({ kind, problem })
  })
  it('is told when a channel takes nothing', () => {
    expect(judge({ type: 'image/png', size: 1 }, []).problem).toBe('noFiles')
    expect(plainType('AUDIO/MP3')).toBe('audio/mpeg')
  })
})

describe('messages of a reply with files', () => {
  const file = (change: Partial<Attachment>): Attachment => ({
    id: 'a', name: 'a.png', type: 'image/png', size: 1, kind: 'image', caption: '', voice: false, converted: false, state: 'ready', progress: 1,
    mediaId: 'md_1', problem: null, max: null, error: null, channel: 'ch_1', ...change,
  })
  it('sends pictures together and words beside them where the channel takes no captions', () => {
    const takes = { caption: 0, pictures: 3 }
    const pictures = ['md_1', 'md_2', 'md_3', 'md_4'].map((mediaId) => file({ mediaId }))
    const other = (media_id: string): object => ({ type: 'image', image: { media_id } })
    expect(messagesOf('Fresh', pictures, takes)).toEqual([
      { type: 'text', text: { body: 'Fresh' } },
      { type: 'image', image: { media_id: 'md_1', attachments: [other('md_2'), other('md_3')] } },
      other('md_4'),
    ])
    // A film between them, or words under one, keep the order.
    expect(messagesOf('', [file({ caption: 'One' }), file({ mediaId: 'md_2' }), file({ kind: 'video', mediaId: 'md_3' }), file({ mediaId: 'md_4' })], takes)).toEqual([
      other('md_1'), { type: 'text', text: { body: 'One' } }, other('md_2'), { type: 'video', video: { media_id: 'md_3' } }, other('md_4'),
    ])
  })
  it('puts a short text under the first picture', () => {
    expect(messagesOf('Fresh', [file({}), file({ mediaId: 'md_2' })])).toEqual([
      { type: 'image', image: { media_id: 'md_1', caption: 'Fresh' } },
      { type: 'image', image: { media_id: 'md_2' } },
    ])
  })
  it('sends a text of its own where no caption can hold it', () => {
    expect(messagesOf('Listen', [file({ kind: 'audio', voice: true })])).toEqual([
      { type: 'text', text: { body: 'Listen' } },
      { type: 'audio', audio: { media_id: 'md_1', voice: true } },
    ])
    expect(messagesOf('x'.repeat(2000), [file({})])).toHaveLength(2)
    expect(messagesOf('Hi', [file({ caption: 'Own' })])).toHaveLength(2)
    expect(messagesOf('Hi', [])).toEqual([{ type: 'text', text: { body: 'Hi' } }])
  })
  it('names a document', () => {
    expect(messagesOf('', [file({ kind: 'document', name: 'menu.pdf' })])).toEqual([{ type: 'document', document: { media_id: 'md_1', filename: 'menu.pdf' } }])
  })
})

describe('WebM into Ogg', () => {
  const head = [...new TextEncoder().encode('OpusHead'), 1, 1, 0x38, 1, 0x80, 0xbb, 0, 0, 0, 0, 0]
  const element = (id: number[], body: number[]): number[] => [...id, 0x40 | (body.length >> 8), body.length & 0xff, ...body]
  const unknown = (id: number[], body: number[]): number[] => [...id, 0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, ...body]
  const block = (packet: number[]): number[] => element([0xa3], [0x81, 0, 0, 0x80, ...packet])
  const webm = (packets: number[][]): Uint8Array =>
    Uint8Array.from([
      ...element([0x1a, 0x45, 0xdf, 0xa3], [0x42, 0x86, 0x81, 1]),
      ...unknown([0x18, 0x53, 0x80, 0x67], [
        ...element([0x16, 0x54, 0xae, 0x6b], element([0xae], element([0x63, 0xa2], head))),
        ...unknown([0x1f, 0x43, 0xb6, 0x75], packets.flatMap(block)),
      ]),
    ])
  async function pages(blob: Blob): Promise<{ flags: number; granule: bigint; body: Uint8Array }[]> {
    const data = new Uint8Array(await blob.arrayBuffer())
    const found = []
    for (let at = 0; at < data.length; ) {
      expect(String.fromCharCode(...data.subarray(at, at + 4))).toBe('OggS')
      const count = data[at + 26]!
      const size = data.subarray(at + 27, at + 27 + count).reduce((sum, each) => sum + each, 0)
      const whole = data.slice(at, at + 27 + count + size)
      const view = new DataView(whole.buffer)
      const crc = view.getUint32(22, true)
      view.setUint32(22, 0, true)
      expect(oggCrc(whole)).toBe(crc)
      found.push({ flags: whole[5]!, granule: view.getBigUint64(6, true), body: whole.subarray(27 + count) })
      at += whole.length
    }
    return found
  }

  it('keeps every packet and counts the samples', async () => {
    // 20 ms packets (configuration 31, one frame), one of exactly 255 bytes.
    const packets = Array.from({ length: 120 }, (_, index) => [0xf8, ...Array<number>(index === 7 ? 254 : 3).fill(index)])
    const ogg = webmToOgg(webm(packets), 9)
    expect(ogg?.type).toBe('audio/ogg')
    const found = await pages(ogg!)
    expect(found[0]).toMatchObject({ flags: 2, granule: 0n })
    expect(new TextDecoder().decode(found[1]!.body.subarray(0, 8))).toBe('OpusTags')
    expect(found.at(-1)).toMatchObject({ flags: 4, granule: BigInt(0x138 + 120 * 960) })
    const bytes = found.slice(2).reduce((sum, page) => sum + page.body.length, 0)
    expect(bytes).toBe(packets.reduce((sum, packet) => sum + packet.length, 0))
  })
  it('refuses what is none', () => {
    expect(webmToOgg(new Uint8Array())).toBeNull()
    expect(webmToOgg(new TextEncoder().encode('<html>'))).toBeNull()
    expect(webmToOgg(webm([]))).toBeNull()
    for (let cut = 0; cut < 200; cut += 1) webmToOgg(webm([[0xf8, 1, 2]]).subarray(0, cut))
  })
})

it('tells playing time, and where the phone reads a file', () => {
  expect([duration(0), duration(65.9), duration(Number.NaN)]).toEqual(['0:00', '1:05', '0:00'])
  const message = { id: 'w', type: 'image', image: { id: '7 1', mime_type: 'image/png; x=1' } } as unknown as PhoneMessage
  expect(withFile('15', message)).toMatchObject({ media: [{ url: '/api/v1/sandbox/customers/15/files/7%201', mime_type: 'image/png' }] })
})

describe('a recording as WAV', () => {
  it('mixes its channels into one of 16 bits, and says how long it is', () => {
    const view = new DataView(encode([new Float32Array([0, 1, -1, 2]), new Float32Array([0, 1, -1, 2])]))
    const word = (at: number): string => String.fromCharCode(...[0, 1, 2, 3].map((place) => view.getUint8(at + place)))
    expect([word(0), word(8), word(12), word(36)]).toEqual(['RIFF', 'WAVE', 'fmt ', 'data'])
    expect([view.byteLength, view.getUint32(4, true), view.getUint32(28, true), view.getUint32(40, true)]).toEqual([52, 44, WAV_BYTES_PER_S, 8])
    expect([44, 46, 48, 50].map((at) => view.getInt16(at, true))).toEqual([0, 32767, -32768, 32767])
  })
})

describe('documents that are read here', () => {
  it.each([
    ['application/pdf', true, 'pdf'], ['application/pdf', false, null], ['text/plain; charset=utf-8', true, 'text'], ['text/csv', false, 'table'],
    ['text/html', true, null], ['application/zip', true, null],
  ] as const)('%s (%s)', (mime, pdf, expected) => expect(previewOf(mime, pdf)).toBe(expected))
  it('are tables where commas, semicolons or tabs divide them, quoted fields and all', () => {
    expect(rowsOf('Name,Price\r\n"Mkate, large","say ""60"""\n\nChai,20')).toEqual([['Name', 'Price'], ['Mkate, large', 'say "60"'], ['Chai', '20']])
    expect(rowsOf('a;b;c,d\n1;"2\n3"')).toEqual([['a', 'b', 'c,d'], ['1', '2\n3']])
    expect(rowsOf('a\tb\n')).toEqual([['a', 'b']])
    expect(rowsOf('')).toEqual([])
    const many = rowsOf(Array.from({ length: MAX_ROWS + 50 }, () => 'x,'.repeat(MAX_COLUMNS + 9)).join('\n'))
    expect([many.length, many[0]!.length]).toEqual([MAX_ROWS, MAX_COLUMNS])
  })
  it('are read as they were written, cut letters or not', () => {
    const bytes = new TextEncoder().encode('bei: 60 €')
    expect(decode(bytes, false)).toBe('bei: 60 €')
    expect(decode(bytes.subarray(0, -1), true)).toBe('bei: 60 ')
    expect(decode(new Uint8Array([0x63, 0x61, 0x66, 0xe9]), false)).toBe('café')
  })
})
