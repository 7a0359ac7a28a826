import { flushPromises, mount, type VueWrapper } from '@vue/test-utils'
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { ensureTexts, i18n, setLanguage } from '@/app/i18n'
import VoiceButton from '@/features/inbox/media/VoiceButton.vue'
import type { Recording } from '@/lib/media/recorder'

const microphone = vi.hoisted(() => ({ allow: (): void => undefined, ready: (): void => undefined, cancelled: 0, stopped: 0 }))
vi.mock('@/lib/media/recorder', () => ({
  canRecord: () => true, longest: () => Number.POSITIVE_INFINITY,
  startRecording: async () => {
    await new Promise<void>((resolve) => (microphone.allow = resolve))
    return {
      cancel: () => (microphone.cancelled += 1),
      stop: async () => {
        microphone.stopped += 1
        await new Promise<void>((resolve) => (microphone.ready = resolve))
        return { file: new File(['x'], 'voice.ogg'), converted: false }
      },
    }
  },
}))

let kept: [where: string, recording: Recording, left: boolean][] = []
let where = 'first'
function show(more: object = {}): VueWrapper {
  const keeper = () => {
    const begunIn = where
    return (recording: Recording, left: boolean) => void kept.push([begunIn, recording, left])
  }
  return mount(VoiceButton, { props: { keeper, keeps: true, ...more }, global: { plugins: [i18n] } })
}
const press = async (made: VueWrapper, name: string): Promise<void> => {
  await made.get(`[aria-label="${name}"]`).trigger('click')
  await flushPromises()
}
async function record(made: VueWrapper): Promise<void> {
  await press(made, 'Record a voice note')
  microphone.allow()
  await flushPromises()
  expect(made.find('[role=timer]').exists()).toBe(true)
}
const closing = (): boolean => !window.dispatchEvent(new Event('beforeunload', { cancelable: true }))

describe('a voice note', () => {
  beforeAll(async () => {
    await setLanguage('en')
    await ensureTexts('inbox', 'content', 'common')
  })
  beforeEach(() => {
    kept = []
    where = 'first'
    Object.assign(microphone, { cancelled: 0, stopped: 0 })
  })
  afterEach(() => expect(closing()).toBe(false))

  it('goes on when something is written meanwhile, and the page asks before it is closed over it', async () => {
    const made = show()
    await record(made)
    await made.setProps({ hidden: true })
    expect(made.find('[role=timer]').exists()).toBe(true)
    expect(closing()).toBe(true)
    await press(made, 'Use this recording')
    microphone.ready()
    await flushPromises()
    expect(kept).toMatchObject([['first', { file: { name: 'voice.ogg' } }, false]])
    expect(made.find('button').exists()).toBe(false)
    made.unmount()
    expect(microphone).toMatchObject({ stopped: 1, cancelled: 0 })
  })
  it('is kept where it was begun when one goes elsewhere while it is recorded', async () => {
    const made = show()
    await record(made)
    where = 'second'
    made.unmount()
    microphone.ready()
    await flushPromises()
    expect(kept).toMatchObject([['first', {}, true]])
  })
  it('arrives when one goes elsewhere while it is converted', async () => {
    const made = show()
    await record(made)
    await press(made, 'Use this recording')
    made.unmount()
    microphone.ready()
    await flushPromises()
    expect(kept).toMatchObject([['first', {}, true]])
    expect(microphone.stopped).toBe(1)
  })
  it('does not begin when it is allowed only after one has left', async () => {
    const made = show()
    await press(made, 'Record a voice note')
    made.unmount()
    microphone.allow()
    await flushPromises()
    expect(microphone).toMatchObject({ cancelled: 1, stopped: 0 })
    expect(kept).toEqual([])
  })
  it('is shown when it is allowed after something was written', async () => {
    const made = show()
    await press(made, 'Record a voice note')
    expect(made.get('[aria-label="Record a voice note"]').attributes('disabled')).toBeDefined()
    await made.setProps({ hidden: true })
    expect(made.find('[role=timer]').exists()).toBe(false)
    microphone.allow()
    await flushPromises()
    expect(made.find('[role=timer]').exists()).toBe(true)
    await press(made, 'Discard the recording')
    expect(microphone.cancelled).toBe(1)
    made.unmount()
  })
  it('is discarded by leaving where it would go out at once', async () => {
    const made = show({ keeps: false })
    await record(made)
    made.unmount()
    await flushPromises()
    expect(microphone).toMatchObject({ cancelled: 1, stopped: 0 })
    expect(kept).toEqual([])
  })
})
