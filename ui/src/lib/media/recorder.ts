/** Records a voice note in what the browser has, and hands it over in what messengers take. */
import { toWav, WAV_BYTES_PER_S } from './wav'
import { webmToOgg } from './webm'

export interface Recording {
  file: File
  /** It was recorded as WebM and put into Ogg without encoding again. */
  converted: boolean
}
export interface Recorder {
  stop: () => Promise<Recording | null>
  cancel: () => void
}
/**
 * Best first, each with what becomes of it: Ogg and MP4 (AAC) stay as they are, WebM is repacked into Ogg. Where a channel takes
 * none of these, what was recorded becomes a WAV file, which is large.
 */
const OPUS = ['audio/ogg;codecs=opus', 'audio/webm;codecs=opus'] as const
const TYPES: readonly (readonly [type: string, becomes: string])[] = [
  [OPUS[0], 'audio/ogg'], [OPUS[1], 'audio/ogg'], ['audio/mp4;codecs=mp4a.40.2', 'audio/mp4'], [OPUS[0], 'audio/wav'], [OPUS[1], 'audio/wav'],
]
const wayFor = (taken: readonly string[]): readonly [type: string, becomes: string] | undefined => TYPES.find(([type, becomes]) => taken.includes(becomes) && MediaRecorder.isTypeSupported(type))
const canDecode = (): boolean => typeof OfflineAudioContext !== 'undefined'
const BITS = 32_000

/** Whether this browser can record something that a channel takes. */
export const canRecord = (taken: readonly string[]): boolean => {
  if (typeof MediaRecorder === 'undefined' || !navigator.mediaDevices?.getUserMedia) return false
  const way = wayFor(taken)
  return way !== undefined && (way[1] !== 'audio/wav' || canDecode())
}
/** How long a recording may be so that the channel takes it, in seconds; files that are not WAV are small. */
export const longest = (taken: readonly string[], maxBytes: number): number => (typeof MediaRecorder !== 'undefined' && wayFor(taken)?.[1] === 'audio/wav' && maxBytes > 0 ? Math.floor((maxBytes - 1024) / WAV_BYTES_PER_S) : Number.POSITIVE_INFINITY)

async function handOver(blob: Blob, becomes: string): Promise<Recording | null> {
  const stamp = new Date().toISOString().slice(0, 19).replaceAll(':', '-')
  const named = (body: Blob, type: string, ending: string): File => new File([body], `voice-${stamp}.${ending}`, { type })
  if (blob.size === 0) return null
  if (becomes === 'audio/wav') {
    const wav = await toWav(await blob.arrayBuffer())
    return wav && { file: named(wav, 'audio/wav', 'wav'), converted: true }
  }
  if (blob.type.startsWith('audio/webm')) {
    const ogg = webmToOgg(new Uint8Array(await blob.arrayBuffer()), Math.floor(Math.random() * 0xffffffff))
    return ogg && { file: named(ogg, 'audio/ogg', 'ogg'), converted: true }
  }
  const isOgg = blob.type.startsWith('audio/ogg')
  return { file: named(blob, isOgg ? 'audio/ogg' : 'audio/mp4', isOgg ? 'ogg' : 'm4a'), converted: false }
}

/** Begins to record; the browser asks for the microphone. */
export async function startRecording(taken: readonly string[]): Promise<Recorder> {
  const [type, becomes] = wayFor(taken) ?? [undefined, '']
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true })
  const end = (): void => stream.getTracks().forEach((track) => track.stop())
  let recorder: MediaRecorder
  try {
    recorder = new MediaRecorder(stream, { mimeType: type, audioBitsPerSecond: BITS })
  } catch (error) {
    end()
    throw error
  }
  const pieces: Blob[] = []
  recorder.addEventListener('dataavailable', (event) => pieces.push(event.data))
  const ended = new Promise<void>((resolve) => recorder.addEventListener('stop', () => resolve(), { once: true }))
  recorder.start(1000)
  return {
    async stop() {
      if (recorder.state !== 'inactive') recorder.stop()
      await ended
      end()
      return handOver(new Blob(pieces, { type: recorder.mimeType || type }), becomes)
    },
    cancel() {
      if (recorder.state !== 'inactive') recorder.stop()
      end()
    },
  }
}
