/**
 * Parts of the app that are fetched when they are first needed. Without a connection, a part waits for it; the page that
 * wants it stays as it is, with all that was typed.
 */
import { type AsyncComponentLoader, type Component, defineAsyncComponent } from 'vue'
import { settled } from './settle'

/** After this many failures with a connection the part is gone, as after an upgrade of the server; the page then says so. */
const TRIES = 3
const AGAIN_MS = 2000

function whenWorthTrying(again: () => void): void {
  if (navigator.onLine) setTimeout(again, AGAIN_MS)
  else addEventListener('online', again, { once: true })
}

export function part<T extends Component>(loader: AsyncComponentLoader<T>): T {
  return defineAsyncComponent<T>({
    loader,
    onError(_error, retry, fail, attempts) {
      if (navigator.onLine && attempts >= TRIES) fail()
      else whenWorthTrying(retry)
    },
  })
}

/** A part of the first page that follows it; its place is kept by whoever shows it. */
export const later = <T extends Component>(loader: AsyncComponentLoader<T>): T =>
  part(async () => {
    await settled
    return loader()
  })
