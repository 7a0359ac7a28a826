/** The pictures of a thread, and the one sound that plays. */
import { shallowRef, type InjectionKey } from 'vue'
import type { Media, Message } from '@/lib/api'

/** Opens a picture large; given by whoever holds the thread. */
export const galleryKey: InjectionKey<(media: string) => void> = Symbol('gallery')
export const playing = shallowRef<HTMLMediaElement | null>(null)

export interface Picture {
  media: Media
  caption: string
}
/** Every picture that is here, in the order of the thread. */
export function picturesOf(messages: readonly Pick<Message, 'media' | 'type'>[]): Picture[] {
  return messages.flatMap((message) =>
    (message.media ?? [])
      .filter((media) => media.state === 'stored' && media.url && /^image\/(jpeg|png|gif|webp)$/.test(media.mime_type))
      .map((media) => {
        const body = (message as Record<string, unknown>)[message.type] as { caption?: string } | undefined
        return { media, caption: typeof body?.caption === 'string' ? body.caption : '' }
      }),
  )
}
