/** Records a voice note in what the browser has, and hands it over in what messengers take. */
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
/** Best first, each with what becomes of it: Ogg and MP4 (AAC) stay as they are, WebM is repacked into Ogg. */
const TYPES = [['audio/ogg;codecs=opus', 'audio/ogg'], ['audio/webm;codecs=opus', 'audio/ogg'], ['audio/mp4;codecs=mp4a.40.2', 'audio/mp4']] as const
const typeFor = (taken: readonly string[]): string | undefined => TYPES.find(([type, becomes]) => taken.includes(becomes) && MediaRecorder.isTypeSupported(type))?.[0]
const BITS = 32_000

/** Whether this browser can record something that a channel takes. */
export const canRecord = (taken: readonly string[]): boolean => typeof MediaRecorder !== 'undefined' && !!navigator.mediaDevices?.getUserMedia && typeFor(taken) !== undefined

async function handOver(blob: Blob): Promise<Recording | null> {
  const stamp = new Date().toISOString().slice(0, 19).replaceAll(':', '-')
  const named = (body: Blob, type: string, ending: string): File => new File([body], `voice-${stamp}.${ending}`, { type })
  if (blob.size === 0) return null
  if (blob.type.startsWith('audio/webm')) {
    const ogg = webmToOgg(new Uint8Array(await blob.arrayBuffer()), Math.floor(Math.random() * 0xffffffff))
    return ogg && { file: named(ogg, 'audio/ogg', 'ogg'), converted: true }
  }
  const isOgg = blob.type.startsWith('audio/ogg')
  return { file: named(blob, isOgg ? 'audio/ogg' : 'audio/mp4', isOgg ? 'ogg' : 'm4a'), converted: false }
}

/** Begins to record; the browser asks for the microphone. */
export async function startRecording(taken: readonly string[]): Promise<Recorder> {
  const type = typeFor(taken)
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
      return handOver(new Blob(pieces, { type: recorder.mimeType || type }))
    },
    cancel() {
      if (recorder.state !== 'inactive') recorder.stop()
      end()
    },
  }
}
