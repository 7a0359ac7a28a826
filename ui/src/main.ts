import { VueQueryPlugin } from '@tanstack/vue-query'
import { createApp, watch } from 'vue'
import App from './app/App.vue'
import { areas } from './app/areas'
import { i18n, startLanguage } from './app/i18n'
import { startSaid } from './app/said'
import { queryClient } from './app/query'
import { startNotify } from './app/notify'
import { hurry, router } from './app/router'
import { askEarly, expired, me } from './app/session'
import './app/services'
import { shellShortcuts } from './app/shell/shortcuts'
import { settled, startSettling } from './app/settle'
import { startTheme } from './app/theme'
import { startClock } from './lib/format'
import { define, startShortcuts } from './lib/shortcuts'
import './app/styles.css'

startTheme()
startClock()
define(shellShortcuts)
areas.forEach((area) => define(area.shortcuts ?? []))
startShortcuts()
startNotify()

// A session that ends while a page is open leads to the sign-in page and back to the same place.
watch(me, (now, before) => {
  const here = router.currentRoute.value
  if (before && !now && !here.meta.public) {
    // Before the first page stands there is no route yet, only the address that was asked for.
    const next = here.matched.length > 0 ? here.fullPath : location.pathname + location.search
    void router.replace({ name: 'login', query: expired.value ? { next } : {} })
  }
})

// One way there and back for all of it: who is signed in, the texts, and the parts of the page that is asked for.
hurry(location.pathname + location.search, askEarly())
await startLanguage()
createApp(App).use(i18n).use(VueQueryPlugin, { queryClient }).use(router).mount('#app')
void router.isReady().then(startSettling)
// The server's own texts come after the first page, which is in a hurry; until then it shows them as the server wrote them.
void settled.then(startSaid).catch(() => undefined)

if ('serviceWorker' in navigator && import.meta.env.PROD) {
  const register = (): Promise<unknown> => navigator.serviceWorker.register('/sw.js')
  // Private windows and plain HTTP refuse it; the app then simply needs the network to start.
  void settled.then(register).catch(() => undefined)
}
